// The floor: what the system calls alone cost. Accepts streams and sends each event with one send() per stream, as any
// server does that does not gather events. No HTTP beyond what the load needs: one channel, one event in each publish.
//
//   floor PORT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_FILES 65536

struct connection {
  int place;  // in the list of streams, or -1
  int used;
  char *request;  // what has come of a request; a stream has none
};

static struct connection connections[MOST_FILES];
static int streams[MOST_FILES], stream_count, poller;
static unsigned long id;

static void deliver(const char *data, int size) {
  char event[4096], chunk[4200];
  int event_size = snprintf(event, sizeof event, "id: %lu\ndata: %.*s\n\n", ++id, size, data);
  int chunk_size = snprintf(chunk, sizeof chunk, "%x\r\n%s\r\n", event_size, event);
  for (int i = 0; i < stream_count; i++) {
    while (send(streams[i], chunk, chunk_size, MSG_NOSIGNAL) < 0 && errno == EAGAIN) {
      struct pollfd room = {.fd = streams[i], .events = POLLOUT};
      poll(&room, 1, -1);
    }
  }
}

static void leave(int fd) {
  struct connection *c = &connections[fd];
  if (c->place >= 0) {
    int last = streams[--stream_count];
    streams[c->place] = last;
    connections[last].place = c->place;
  }
  free(c->request);
  close(fd);
}

static void begin_stream(int fd) {
  static const char head[] =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n:\n\n\r\n";
  struct connection *c = &connections[fd];
  free(c->request);
  c->request = NULL;
  c->place = stream_count;
  streams[stream_count++] = fd;
  send(fd, head, sizeof head - 1, MSG_NOSIGNAL);
}

/** Takes what is complete of the requests that have come; false once the connection is a stream. */
static int serve(int fd) {
  static const char accepted[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
  struct connection *c = &connections[fd];
  for (;;) {
    c->request[c->used] = 0;
    char *body = strstr(c->request, "\r\n\r\n");
    if (body == NULL) return 1;
    if (c->request[0] == 'G') return begin_stream(fd), 0;
    char *length = strstr(c->request, "Content-Length: ");
    int size = length ? atoi(length + 16) : 0;
    body += 4;
    if (c->request + c->used < body + size) return 1;
    deliver(body + 8, size - 9);  // {"data": … }
    send(fd, accepted, sizeof accepted - 1, MSG_NOSIGNAL);
    c->used -= body + size - c->request;
    memmove(c->request, body + size, c->used);
  }
}

static void readable(int fd) {
  struct connection *c = &connections[fd];
  char rest[512];
  ssize_t n = c->request ? recv(fd, c->request + c->used, 65535 - c->used, 0) : recv(fd, rest, sizeof rest, 0);
  if (n <= 0) {
    if (n == 0 || errno != EAGAIN) leave(fd);
    return;
  }
  if (c->request == NULL) return;
  c->used += n;
  serve(fd);
}

static void accept_all(int listener) {
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connections[fd] = (struct connection){.place = -1, .request = malloc(65536)};
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
  }
}

int main(int argc, char **argv) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argc > 1 ? argv[1] : "0"))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0) return perror("listen"), 1;
  poller = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    static struct epoll_event ready[1024];
    int count = epoll_wait(poller, ready, 1024, -1);
    for (int i = 0; i < count; i++) {
      if (ready[i].data.fd == listener) accept_all(listener);
      else readable(ready[i].data.fd);
    }
  }
}
