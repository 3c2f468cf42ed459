import { newer } from '../support/programs.ts';
import { idleSeconds } from './checks/silence.ts';
import { haproxyDriver } from './haproxy.ts';
import { proveBreakages, proveProxy } from './proof.ts';

const newerDriver = haproxyDriver(newer('haproxy'), 'newer haproxy', '3.2');

proveProxy(haproxyDriver());
proveProxy(newerDriver);

/** A line more in the backend of the streams. */
const withLine = (line: string) => (text: string) =>
  text.replace('http-request del-header Accept-Encoding', `http-request del-header Accept-Encoding\n${line}`);

/**
 * Its compressor obeys the service's no-transform, which is looked at before any line of ours could strip it: compression
 * that is on breaks nothing here.
 */
proveBreakages(haproxyDriver(), [
  {
    what: 'a word it does not know',
    mutate: withLine('option sse'),
    noticed: 'validity',
    says: /unknown option 'sse'/,
  },
  {
    what: 'buffering on',
    mutate: withLine('http-response wait-for-body time 10s'),
    noticed: 'promptness',
    says: /the headers of a stream: nothing/,
  },
  {
    what: 'no-delay removed',
    mutate: (text) => text.replaceAll('option http-no-delay', ''),
    noticed: 'promptness',
    says: /"arrived": \d/,
  },
  {
    what: 'an idle timer below the heartbeat',
    mutate: (text) => text.replaceAll(`timeout server ${idleSeconds}s`, 'timeout server 1s'),
    noticed: 'silence',
    says: /heartbeats for three idle timers: the stream ended first/,
  },
  {
    what: 'Last-Event-ID stripped',
    mutate: withLine('http-request del-header Last-Event-ID'),
    noticed: 'publishing',
    says: /what came after the Last-Event-ID: nothing/,
  },
  {
    what: 'CORS headers stripped',
    mutate: withLine('http-response del-header Access-Control-Allow-Origin'),
    noticed: 'publishing',
    says: /access-control-allow-origin/,
  },
  {
    what: 'the promise of soft-fails not sent to the service',
    mutate: (text) => text.replace('http-request set-header X-SSE-Proxy-Soft-Fails 1', ''),
    noticed: 'drain',
    says: /a stream from the replica that stays: the stream ended first.*drain/,
  },
  {
    what: 'the query in the log',
    mutate: (text) => text.replace('%HM %HPO', '%r'),
    noticed: 'publishing',
    says: /not.*secret/s,
  },
  {
    what: 'no soft-fail',
    mutate: (text) => text.replaceAll('http-after-response set-status 200', '# '),
    noticed: 'outage',
    says: /Expected.*200/s,
  },
  {
    what: 'a soft-fail that other origins cannot read',
    mutate: (text) => text.replace(/http-after-response set-header Access-Control-Allow-Origin .*/, ''),
    noticed: 'outage',
    says: /access-control-allow-origin/,
  },
  {
    what: 'no upgrades',
    mutate: (text) => text.replace('option httpchk', 'http-request del-header Upgrade\noption httpchk'),
    noticed: 'fallbacks',
    says: /a WebSocket: /,
  },
  {
    what: 'streams cut soon after a reload',
    mutate: (text) => text.replace(/hard-stop-after \d+s/, 'hard-stop-after 50ms'),
    noticed: 'reload',
    says: /"stream"/,
  },
]);

// where it can notice over HTTP/1.1
proveBreakages(newerDriver, [
  {
    what: 'clients that leave are ignored',
    mutate: (text) => text.replaceAll('option abortonclose', ''),
    noticed: 'leaving',
    says: /HTTP\/1.1: the service is told that a client has left/,
  },
]);
