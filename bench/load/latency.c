// Latencies in microseconds, counted in 64 buckets an octave: exact to 1.6 %, whatever their size.
#include "load.h"

#include <string.h>

#define BUCKETS 2048

static uint32_t buckets[BUCKETS];

void forget_latencies(void) { memset(buckets, 0, sizeof buckets); }

void note_latency(uint64_t us) {
  int octave = us < 64 ? 0 : 58 - __builtin_clzll(us);
  int bucket = octave == 0 ? (int)us : octave * 64 + (int)(us >> (octave - 1)) - 64;
  buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
}

double percentile(double share) {
  uint64_t total = 0, seen = 0;
  for (int i = 0; i < BUCKETS; i++) total += buckets[i];
  for (int i = 0; i < BUCKETS; i++) {
    seen += buckets[i];
    if (total > 0 && seen >= share * total) return i < 64 ? i : (double)((64 + i % 64) * (1ull << (i / 64 - 1)));
  }
  return 0;
}
