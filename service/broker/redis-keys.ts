/** All keys of one shard carry one hash tag, so that a script may touch them together in a cluster. */
const prefix = 'sse-kit:{0}:';
/** The slot of that tag, CRC16("0") mod 16384 (Redis cluster specification, "Hash tags"). */
export const slot = 13_907;
export const lastKey = `${prefix}last`;
export const epochKey = `${prefix}epoch`;
/** The position up to which the store is known to have lost events that it had accepted. */
export const lostKey = `${prefix}lost`;
export const logKey = (channel: string): string => `${prefix}log:${channel}`;
export const tailKey = (channel: string): string => `${prefix}tail:${channel}`;
export const onceKey = (channel: string, key: string): string => `${prefix}once:${channel}:${key}`;
export const stateKey = (key: string): string => `${prefix}state:${key}`;
/** What a pattern keeps, under names of its own. */
export const patternKey = (pattern: string, name: string): string => `${prefix}${pattern}:${name}`;

/** Names for pub/sub, which knows no databases: services in two databases of one server must not hear each other. */
export interface Topics {
  readonly of: (channel: string) => string;
  readonly channelOf: (topic: string) => string;
  /** One replica's beats. */
  readonly beatOf: (replica: string) => string;
}

export function topicsIn(database: number): Topics {
  const home = database === 0 ? prefix : `${prefix}${database}:`;
  const channels = `${home}channel:`;
  return {
    of: (channel) => channels + channel,
    channelOf: (topic) => topic.slice(channels.length),
    beatOf: (replica) => `${home}replica:${replica}`,
  };
}
