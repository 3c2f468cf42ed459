import type { StreamPolicy } from '../policy/index.ts';

/** What a process of the service takes before its first stream, measured with Node 20 and 24: 110 to 150 MB. */
const processBytes = 160 * 1024 * 1024;

/**
 * An idle stream. In the process 3.3 KB with tokens (bench/RESULTS.md, "resident memory per idle stream"); in the kernel,
 * which a container's limit counts too, 3.7 KB: TCP 2368, sock_inode_cache 832, filp 192, dentry 192, eventpoll_epi 128
 * (/proc/slabinfo of Linux 6.18). Rounded up to 8 KiB.
 */
const streamBytes = 8192;

/** Clients that stop reading at the same time, each of which may have slowClientBytes waiting, as in bench/RESULTS.md. */
const slowClients = 100;

/** For the garbage collector, for replays and for the logs of channels. */
const headroom = 1.25;

const mebibyte = 1024 * 1024;

/** Memory that a replica needs to hold its streams, in MiB. Above its limit the kernel kills it, with all of them. */
export const leastMemoryMiB = ({ maxStreams, slowClientBytes }: StreamPolicy, workers = 1): number =>
  Math.ceil(
    ((processBytes * workers + streamBytes * maxStreams + slowClients * slowClientBytes) * headroom) / mebibyte,
  );

/** Streams for which that much memory is enough; 0 when not even an empty replica fits. */
export const mostStreams = ({ slowClientBytes }: StreamPolicy, memoryMiB: number, workers = 1): number =>
  Math.max(
    0,
    Math.floor(
      ((memoryMiB * mebibyte) / headroom - processBytes * workers - slowClients * slowClientBytes) / streamBytes,
    ),
  );
