/** All keys of one shard carry one hash tag, so that a script may touch them together in a cluster. */
const prefix = 'sse-kit:{0}:';
export const lastKey = `${prefix}last`;
export const epochKey = `${prefix}epoch`;
export const logKey = (channel: string): string => `${prefix}log:${channel}`;
export const tailKey = (channel: string): string => `${prefix}tail:${channel}`;
export const topic = (channel: string): string => `${prefix}channel:${channel}`;
export const channelOf = (name: string): string => name.slice(topic('').length);

/** A topic for one replica's beats. */
export const beatTopic = (replica: string): string => `${prefix}replica:${replica}`;
