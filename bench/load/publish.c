// Publishes events, and counts the answers.
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct publisher {
  int fd;  // 0 until it is first needed
  size_t used, sent, room;
  char *out;
  int matched;  // how much of an answer's status line has been seen
};

static struct publisher publishers[PUBLISHERS];

static void flush(int index) {
  struct publisher *p = &publishers[index];
  while (p->sent < p->used) {
    ssize_t n = send(p->fd, p->out + p->sent, p->used - p->sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) die("publish");
    if (n < 0) break;
    p->sent += n;
  }
  bool done = p->sent == p->used;
  if (done) p->sent = p->used = 0;
  watch(EPOLL_CTL_MOD, p->fd, done ? EPOLLIN : EPOLLIN | EPOLLOUT, MOST_STREAMS + index);
}

/** About 100 bytes of JSON: the sequence number and the time are what `event_arrived` reads. */
static int one_event(char *to, uint64_t seq, uint64_t at) {
  return sprintf(to, "%s{\"seq\":%lu,\"at\":%lu,\"pad\":\"%s\"}%s", bare ? "" : "{\"data\":", seq, at,
                 "sixty-odd bytes that stand for what an application would say", bare ? "" : "}");
}

static void append(struct publisher *p, const char *bytes, size_t size) {
  if (p->used + size > p->room && !(p->out = realloc(p->out, p->room = 2 * (p->used + size)))) die("realloc");
  memcpy(p->out + p->used, bytes, size);
  p->used += size;
}

void publish(uint32_t channel, int batch) {
  int index = channel % PUBLISHERS;
  struct publisher *p = &publishers[index];
  static char body[1 << 18];
  uint64_t at = microseconds();
  int size = 0;
  if (p->fd == 0) {
    p->fd = dial(index);
    watch(EPOLL_CTL_ADD, p->fd, EPOLLIN, MOST_STREAMS + index);
  }
  if (batch > 1) body[size++] = '[';
  for (int i = 0; i < batch; i++) {
    uint64_t seq = ++published[channel];
    received[channel][seq % RING] = 0;
    if (i > 0) body[size++] = ',';
    size += one_event(body + size, seq, at);
  }
  if (batch > 1) body[size++] = ']';
  char head[1400], token[1100];
  authorization(token, sizeof token, 0);
  int head_size = sprintf(head,
                          "POST /channels/c%u/events HTTP/1.1\r\nHost: bench\r\n%s"
                          "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n",
                          channel, token, size);
  append(p, head, head_size);
  append(p, body, size);
  counts.events += batch;
  outstanding += batch;
  counts.requests++;
  flush(index);
}

/** Counts the answers by their status lines; nothing else in them looks like one. */
static void answers(struct publisher *p, const char *at, const char *end) {
  static const char status[] = "HTTP/1.1 ";
  for (; at < end; at++) {
    if (p->matched == 9) {
      counts.answered++;
      if (*at != '2') counts.refused++;
      p->matched = 0;
    } else {
      p->matched = *at == status[p->matched] ? p->matched + 1 : *at == 'H';
    }
  }
}

void publisher_ready(int index, bool writable) {
  static char buffer[1 << 16];
  struct publisher *p = &publishers[index];
  if (writable) flush(index);
  ssize_t n = recv(p->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n > 0) answers(p, buffer, buffer + n);
  else if (n == 0 || errno != EAGAIN) die("the server closed a publisher's connection");
}
