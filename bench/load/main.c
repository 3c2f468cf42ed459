// The load: opens streams, publishes to them, reads them all, and checks each one for loss, order and repeats.
// In C because it has to be cheaper than any server it measures: epoll, and no allocation per event.
//
//   load HOST PORT events|bare          "bare": a publish's body is the event itself (nchan), else {"data": event}
//
// Commands come on stdin, one a line; each is answered with one line of JSON on stdout:
//   open N CHANNELS resume|fresh QUERY  opens N streams, stream i on channel i mod CHANNELS; QUERY ("-" for none) is added
//   drive WINDOW BATCH MS RATE          publishes so that WINDOW events are under way at any time, or at RATE events a
//                                       second if that is not 0; BATCH events in each request; then waits for the last
//   publish COUNT BATCH                 publishes to channel 0 and waits for the answers only
//   await MS                            waits until every stream has everything; seconds count from the last open
//   stall N                             the first N streams are not read from here on, and take little meanwhile
//   tokens FILE                         a token a line: stream i authorizes itself with token i, publishers with the first
//   drop                                cuts all streams; they remember how far they came, for "open … resume"
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#define PENDING 512  // streams that are being opened at a time: well below any accept queue

struct counts counts;
struct stream streams[MOST_STREAMS];
uint64_t published[MOST_CHANNELS];
uint32_t readers[MOST_CHANNELS], received[MOST_CHANNELS][RING];
int64_t outstanding;
char last_id[256] = "0";
bool bare;
char *tokens[MOST_STREAMS];

static struct sockaddr_in server;
static int poller, stream_count, channel_count = 1;
static bool resuming;
static char query[200], cursor[256];  // where streams resume: read once, for the first ones back move last_id on
static double opening_began;

double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

uint64_t microseconds(void) { return now() * 1e6; }

void die(const char *what) {
  perror(what);
  exit(1);
}

void watch(int operation, int fd, uint32_t interest, uint64_t who) {
  struct epoll_event event = {.events = interest, .data.u64 = who};
  if (epoll_ctl(poller, operation, fd, &event) < 0) die("epoll_ctl");
}

int dial(int source) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  if (fd < 0) die("socket");
  // cut with a reset: tens of thousands of closed connections would keep their ports for a minute
  struct linger reset = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  // several addresses: each has 28,000 ports at most, and finding a free one slows down long before that
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + source % 8)};
  if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0) die("bind");
  if (connect(fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS) die("connect");
  return fd;
}

static void turn(int timeout_ms) {
  static struct epoll_event ready[1024];
  static char buffer[1 << 18];
  int count = epoll_wait(poller, ready, 1024, timeout_ms);
  for (int i = 0; i < count; i++) {
    uint64_t who = ready[i].data.u64;
    if (who >= MOST_STREAMS) {
      publisher_ready(who - MOST_STREAMS, ready[i].events & EPOLLOUT);
      continue;
    }
    struct stream *s = &streams[who];
    if (s->state == CONNECTING) {
      ask(s, cursor, query);
      continue;
    }
    ssize_t n = recv(s->fd, buffer, sizeof buffer, 0);
    if (n > 0) feed(s, buffer, buffer + n);
    else if (n == 0 || errno != EAGAIN) end_stream(s, true);
  }
}

static void begin_stream(int index) {
  struct stream *s = &streams[index];
  uint64_t before = s->expected;
  memset(s, 0, offsetof(struct stream, carry));
  s->channel = index % channel_count;
  readers[s->channel]++;
  s->expected = resuming && before > 0 ? before : published[s->channel] + 1;
  s->fd = dial(index);
  s->state = CONNECTING;
  watch(EPOLL_CTL_ADD, s->fd, EPOLLOUT, index);
}

static void open_streams(int count, int channels) {
  stream_count = count;
  channel_count = channels;
  strcpy(cursor, resuming ? last_id : "");
  memset(readers, 0, sizeof readers);
  opening_began = now();
  int done = 0;
  for (int next = 0; done < count && now() < opening_began + 60; done = counts.opened + counts.failed) {
    for (; next < count && next - done < PENDING; next++) begin_stream(next);
    turn(100);
  }
  counts.failed += count - done;
}

/** How many streams, from the first on, have everything; `from` of them are known to. */
static int caught_up(int from) {
  while (from < stream_count && (streams[from].stalled || streams[from].expected > published[streams[from].channel]))
    from++;
  return from;
}

static bool await_all(int ms) {
  int done = 0;
  for (double until = now() + ms / 1e3; (done = caught_up(done)) < stream_count && now() < until;) turn(10);
  return done == stream_count;
}

/** Returns the seconds in which publishing went on, and how much had been delivered by then. */
static double drive(int window, int batch, int ms, double rate, uint64_t *inside) {
  double began = now(), ends = began + ms / 1e3, due = began;
  uint32_t turns = 0;
  while (now() < ends && counts.closed == 0) {
    if (rate > 0)
      for (; due <= now(); due += batch / rate) publish(turns++ % channel_count, batch);
    else
      while (outstanding + batch <= window) publish(turns++ % channel_count, batch);
    double wait = ((rate > 0 && due < ends ? due : ends) - now()) * 1e3;
    turn(wait <= 0 ? 0 : wait > 100 ? 100 : (int)wait + 1);
  }
  double seconds = now() - began;
  *inside = counts.deliveries;
  for (double until = now() + 30; outstanding > 0 && counts.closed == 0 && now() < until;) turn(100);
  return seconds;
}

static void publish_all(int count, int batch) {
  for (int i = 0; i < count; i += batch) publish(0, batch);
  for (double until = now() + 30; counts.answered < counts.requests && now() < until;) turn(100);
}

static void stall(int count) {
  // a window as small as a weak client's: else megabytes in two kernels hide for a while that nobody reads
  int little = 16384;
  for (int i = 0; i < count; i++) {
    setsockopt(streams[i].fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    streams[i].stalled = true;
    readers[streams[i].channel]--;
    watch(EPOLL_CTL_DEL, streams[i].fd, 0, 0);
  }
}

static void read_tokens(const char *name) {
  FILE *file = fopen(name, "r");
  if (!file) die(name);
  static char text[1000];
  for (int i = 0; i < MOST_STREAMS && fscanf(file, "%999s", text) == 1; i++) tokens[i] = strdup(text);
  fclose(file);
}

/** The header that says who asks, if anybody has to. */
int authorization(char *to, size_t room, int stream) {
  *to = 0;
  return tokens[stream] ? snprintf(to, room, "Authorization: Bearer %s\r\n", tokens[stream]) : 0;
}

static double cpu_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void answer(uint64_t inside, double seconds, bool complete, double cpu) {
  printf("{\"opened\":%lu,\"failed\":%lu,\"closed\":%lu,\"events\":%lu,\"deliveries\":%lu,\"lost\":%lu,"
         "\"repeated\":%lu,\"gaps\":%lu,\"refused\":%lu,\"complete\":%s,\"inside\":%lu,\"seconds\":%.6f,"
         "\"p50\":%.0f,\"p99\":%.0f,\"clientCpu\":%.3f}\n",
         counts.opened, counts.failed, counts.closed, counts.events, counts.deliveries, counts.lost, counts.repeated,
         counts.gaps, counts.refused, complete ? "true" : "false", inside, seconds, percentile(0.5), percentile(0.99),
         cpu);
  fflush(stdout);
}

static void run(const char *command) {
  int a = 0, b = 0, c = 0;
  double rate = 0, began = now(), cpu = cpu_seconds(), seconds = -1;
  uint64_t inside = 0;
  bool complete = true;
  char how[20], file[200];
  counts = (struct counts){0};
  outstanding = 0;
  forget_latencies();
  if (sscanf(command, "open %d %d %19s %199s", &a, &b, how, query) == 4) {
    resuming = strcmp(how, "resume") == 0;
    open_streams(a, b);
  } else if (sscanf(command, "drive %d %d %d %lf", &a, &b, &c, &rate) == 4) {
    seconds = drive(a, b, c, rate, &inside);
    complete = outstanding <= 0;
  } else if (sscanf(command, "publish %d %d", &a, &b) == 2) {
    publish_all(a, b);
    complete = counts.answered == counts.requests;
  } else if (sscanf(command, "await %d", &a) == 1) {
    began = opening_began;
    complete = await_all(a);
  } else if (sscanf(command, "stall %d", &a) == 1) {
    stall(a);
  } else if (sscanf(command, "tokens %199s", file) == 1) {
    read_tokens(file);
  } else {
    for (int i = 0; i < stream_count; i++)
      if (streams[i].state != CLOSED) end_stream(&streams[i], false);
  }
  answer(inside, seconds < 0 ? now() - began : seconds, complete, cpu_seconds() - cpu);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  inet_pton(AF_INET, argv[1], &server.sin_addr);
  bare = strcmp(argv[3], "bare") == 0;
  poller = epoll_create1(0);
  for (char command[300]; fgets(command, sizeof command, stdin);) run(command);
  return 0;
}
