// What the parts of the load share. One process, one thread: plain globals.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOST_STREAMS 65536
#define MOST_CHANNELS 4096
#define RING 1024     // events of one channel that can be under way
#define PUBLISHERS 8  // connections that publish; a channel keeps to one, so that its order is kept

enum state { CLOSED, CONNECTING, HEAD, SIZE, DATA, END_OF_CHUNK, RAW };

struct stream {
  int fd;
  enum state state;
  bool stalled;
  uint32_t channel, carried;
  uint64_t expected;  // the next sequence number
  uint64_t left;      // bytes left in the chunk; its size so far while that is being read
  char carry[1000];   // the response's head, or a line that a read has cut
};

/** What one command reports, counted from its beginning. */
struct counts {
  uint64_t deliveries, events, lost, repeated, gaps, closed, opened, failed, requests, answered, refused;
};

extern struct counts counts;
extern struct stream streams[MOST_STREAMS];
extern uint64_t published[MOST_CHANNELS];               // sequence number of a channel's last event
extern uint32_t readers[MOST_CHANNELS];                 // streams of a channel that are read
extern uint32_t received[MOST_CHANNELS][RING];          // how many of them have an event
extern int64_t outstanding;                             // events that not all have
extern char last_id[256];                               // the cursor of the first stream, and so of all that stood with it
extern bool bare;
extern char *tokens[MOST_STREAMS];                       // who asks: stream i with token i, publishers with the first

// main.c
double now(void);
uint64_t microseconds(void);
void die(const char *what);
int authorization(char *to, size_t room, int stream);
int dial(int source);
void watch(int operation, int fd, uint32_t interest, uint64_t who);

// stream.c
void ask(struct stream *s, const char *cursor, const char *query);
void feed(struct stream *s, const char *p, const char *end);
void end_stream(struct stream *s, bool early);

// publish.c
void publish(uint32_t channel, int batch);
void publisher_ready(int index, bool writable);

// latency.c
void forget_latencies(void);
void note_latency(uint64_t us);
double percentile(double share);
