// Reads event streams and checks them: every event once, in order.
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static uint64_t number(const char **at) {
  uint64_t n = 0;
  for (; **at >= '0' && **at <= '9'; (*at)++) n = n * 10 + (**at - '0');
  return n;
}

static void event_arrived(struct stream *s, const char *json, uint64_t at_us) {
  const char *p = json + 7;  // {"seq":
  uint64_t seq = number(&p);
  p += 6;  // ,"at":
  uint64_t at = number(&p);
  if (seq < s->expected) {
    counts.repeated++;
    return;
  }
  counts.lost += seq - s->expected;
  s->expected = seq + 1;
  counts.deliveries++;
  note_latency(at_us > at ? at_us - at : 0);
  if (++received[s->channel][seq % RING] == readers[s->channel]) outstanding--;
}

static void line(struct stream *s, const char *text, size_t size, uint64_t at_us) {
  if (size > 12 && memcmp(text, "data:", 5) == 0) {
    const char *json = text + (text[5] == ' ' ? 6 : 5);
    if (memcmp(json, "{\"seq\":", 7) == 0) event_arrived(s, json, at_us);
  } else if (s == streams && size > 3 && memcmp(text, "id:", 3) == 0) {
    size_t skip = text[3] == ' ' ? 4 : 3;
    snprintf(last_id, sizeof last_id, "%.*s", (int)(size - skip), text + skip);
  } else if (size > 16 && memcmp(text, "event: stream:gap", 17) == 0) {
    counts.gaps++;
  }
}

static void carry(struct stream *s, const char *p, size_t size) {
  if (s->carried + size > sizeof s->carry) {
    fprintf(stderr, "a line or a head is longer than %zu bytes\n", sizeof s->carry);
    exit(1);
  }
  memcpy(s->carry + s->carried, p, size);
  s->carried += size;
}

static void lines(struct stream *s, const char *p, const char *end, uint64_t at_us) {
  for (const char *newline; p < end && (newline = memchr(p, '\n', end - p)); p = newline + 1) {
    if (s->carried == 0) {
      line(s, p, newline - p, at_us);
      continue;
    }
    carry(s, p, newline + 1 - p);
    line(s, s->carry, s->carried - 1, at_us);
    s->carried = 0;
  }
  if (p < end) carry(s, p, end - p);
}

void end_stream(struct stream *s, bool early) {
  if (s->state == CONNECTING || s->state == HEAD) counts.failed++;
  else if (early) counts.closed++;
  close(s->fd);
  s->state = CLOSED;
}

/** The response's head, which may come in pieces; returns where the body begins. */
static const char *head(struct stream *s, const char *p, const char *end) {
  size_t before = s->carried, size = end - p;
  carry(s, p, size < sizeof s->carry - before ? size : sizeof s->carry - before);
  char *stop = memmem(s->carry, s->carried, "\r\n\r\n", 4);
  if (stop == NULL) return end;
  *stop = 0;
  if (strncmp(s->carry, "HTTP/1.1 200", 12) != 0 || strcasestr(s->carry, "soft-fail")) {
    end_stream(s, false);
    return end;
  }
  s->state = strcasestr(s->carry, "chunked") ? SIZE : RAW;
  s->left = 0;
  s->carried = 0;
  counts.opened++;
  return p + (stop + 4 - s->carry - before);
}

static int hex(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

void feed(struct stream *s, const char *p, const char *end) {
  uint64_t at_us = microseconds();
  while (p < end && s->state != CLOSED) {
    if (s->state == HEAD) {
      p = head(s, p, end);
    } else if (s->state == RAW) {
      lines(s, p, end, at_us);
      p = end;
    } else if (s->state == SIZE) {
      for (; p < end && *p != '\n'; p++)
        if (*p != '\r') s->left = s->left * 16 + hex(*p);
      if (p == end) return;
      p++;
      if (s->left == 0) end_stream(s, true);
      else s->state = DATA;
    } else if (s->state == DATA) {
      size_t part = (size_t)(end - p) < s->left ? (size_t)(end - p) : s->left;
      lines(s, p, p + part, at_us);
      p += part;
      s->left -= part;
      if (s->left == 0) s->state = END_OF_CHUNK;
    } else if (*p++ == '\n') {
      s->state = SIZE;
    }
  }
}

void ask(struct stream *s, const char *cursor_id, const char *query) {
  char request[1700], cursor[300] = "", token[1100];
  if (*cursor_id) snprintf(cursor, sizeof cursor, "Last-Event-ID: %s\r\n", cursor_id);
  authorization(token, sizeof token, s - streams);
  int size = snprintf(request, sizeof request,
                      "GET /events?channel=c%u%s HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n%s%s\r\n",
                      s->channel, strcmp(query, "-") == 0 ? "" : query, token, cursor);
  if (send(s->fd, request, size, MSG_NOSIGNAL) != size) return end_stream(s, true);
  s->state = HEAD;
  watch(EPOLL_CTL_MOD, s->fd, EPOLLIN, s - streams);
}
