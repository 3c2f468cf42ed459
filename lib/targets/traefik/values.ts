/** What a Traefik in front of the service is told, whether by files or by resources of Kubernetes. */

/** Requests that an EventSource makes, by what they ask for. */
export const streamRule = 'Path(`/events`) && HeaderRegexp(`Accept`, `text/event-stream`)';

/** What a client gets while no replica answers. */
export const outageStatuses = '502-504';

export const strategy = 'p2c';
export const whyStrategy =
  'an open stream is an open connection: of two replicas drawn at random the one with fewer gets the next';

/** Together they last longer than it takes until a replica that is gone is known to be. */
export const retry = { attempts: 4, initialInterval: '400ms' };

export const dialTimeout = '2s';
export const whyDialTimeout = 'a replica that is gone is given up before the client gives up';

export const whyIdleConnTimeout =
  'idle connections are closed before the service does it, or a reconnect meets a closing socket';

export const idlePerHost = 200;
export const whyIdlePerHost = 'without it two';

export const whyNoCompress =
  'No compress here: it holds the first kilobyte; and never buffering, which waits for the end of the response.';
