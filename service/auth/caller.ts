/** What somebody may do. A pattern is a channel name, or ends in `*` and stands for all that begin alike. */
export interface Grants {
  readonly subscribe: readonly string[];
  readonly publish: readonly string[];
  readonly admin: boolean;
}

/** Who asks, and what they may do. */
export interface Caller {
  /** The token's `sub`; absent for an anonymous caller. */
  readonly user: string | undefined;
  /** When the grants were given and when they end, in milliseconds since 1970; absent where no token says so. */
  readonly issuedAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly grants: Grants;
}

/** Everybody, where there is no authentication. */
export const anyone: Caller = {
  user: undefined,
  issuedAt: undefined,
  expiresAt: undefined,
  grants: { subscribe: ['*'], publish: ['*'], admin: true },
};

/** Somebody who was not asked who they are: on the open routes, where there is authentication. */
export const nobody: Caller = {
  user: undefined,
  issuedAt: undefined,
  expiresAt: undefined,
  grants: { subscribe: [], publish: [], admin: false },
};

/** A user's own channel, which needs no grant. */
export const ownChannel = (user: string): string => `user:${user}`;

/** The service's own channels, its dashboard's for one: no pattern covers them, and administrators need none. */
const reserved = 'sse-kit:';

export function maySubscribe({ user, grants }: Caller, channel: string): boolean {
  if (channel.startsWith(reserved)) return grants.admin;
  return (user !== undefined && channel === ownChannel(user)) || grants.subscribe.some((one) => covers(one, channel));
}

export function mayPublish({ grants }: Caller, channel: string): boolean {
  if (channel.startsWith(reserved)) return grants.admin;
  return grants.publish.some((one) => covers(one, channel));
}

function covers(pattern: string, channel: string): boolean {
  return pattern.endsWith('*') ? channel.startsWith(pattern.slice(0, -1)) : pattern === channel;
}
