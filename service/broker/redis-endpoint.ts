/** A host and its port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What a REDIS_URL says. */
export interface RedisEndpoint {
  /** One address that leads to the primary; sentinels that know it; or nodes of a cluster. */
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly tls: boolean;
  readonly nodes: readonly [Address, ...Address[]];
  /** What the sentinels call the primary. */
  readonly primary: string;
  readonly database: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const pattern = /^redis(s?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^@/?#]+)(?:\/([^?#]*))?$/;

/** What comes behind the hosts, by kind. */
const paths = {
  single: {
    pattern: /^(?<database>\d{1,5})?$/,
    must: 'have nothing behind the host but a database: redis://host:6379/0',
  },
  sentinel: {
    pattern: /^(?<primary>[^/]+)(?:\/(?<database>\d{1,5}))?$/,
    must: 'name the primary behind the sentinels: redis+sentinel://one:26379,two:26379/mymaster',
  },
  cluster: { pattern: /^0?$/, must: 'have nothing behind the nodes: a cluster has one database' },
} as const;

/** Reads a REDIS_URL, or says what it must be. Never repeats it: it may hold a password. */
export function readRedisUrl(text: string): RedisEndpoint | { readonly must: string } {
  const match = pattern.exec(text);
  if (!match) {
    return {
      must: 'be a URL that begins with redis:// or rediss:// (or redis+sentinel://, redis+cluster://, and with TLS rediss+…://), names its hosts and has no query',
    };
  }
  const [, tls, several, login = '', hosts = '', path = ''] = match;
  const kind = (several ?? 'single') as RedisEndpoint['kind'];
  const named = paths[kind].pattern.exec(path);
  if (!named) return { must: paths[kind].must };
  const [first, ...others] = hosts.split(',').map((host) => addressFrom(host, kind === 'sentinel' ? 26_379 : 6379));
  if (first === undefined || others.includes(undefined))
    return { must: 'name each host as name:port, with a port from 1 to 65535 and IPv6 addresses in brackets' };
  if (kind === 'single' && others.length > 0)
    return { must: 'name one host; for several it begins with redis+sentinel:// or redis+cluster://' };
  const [username, password] = login.split(/:(.*)/s).map(decoded);
  if (username === undefined && login !== '') return { must: 'have its user and password percent-encoded' };
  return {
    kind,
    tls: tls === 's',
    nodes: [first, ...(others as Address[])],
    primary: named.groups?.primary ?? '',
    database: Number(named.groups?.database ?? 0),
    username: username || undefined,
    password: password || undefined,
  };
}

function addressFrom(text: string, usualPort: number): Address | undefined {
  const [, six, name, port] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = six ?? name;
  const number = Number(port ?? usualPort);
  return host !== undefined && number >= 1 && number <= 65_535 ? { host, port: number } : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
