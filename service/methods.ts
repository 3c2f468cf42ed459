import type { FastifyInstance } from 'fastify';

/** The methods that a path knows; none for a path that is unknown. */
export type MethodsOf = (path: string) => readonly string[];

interface Known {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

/** Remembers which methods each path has, so that a wrong one can be told from a wrong path. Before the routes. */
export function rememberMethods(app: FastifyInstance): MethodsOf {
  const known = new Map<string, Known>();
  app.addHook('onRoute', ({ url, method }) => {
    // the one that catches every path is CORS's
    if (url === '*') return;
    const entry = known.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    for (const one of [method].flat()) entry.methods.add(one);
    known.set(url, entry);
  });
  return (path) =>
    [...known.values()].filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => [...methods]);
}

const patternOf = (url: string): RegExp =>
  new RegExp(
    `^${url
      .replace(/[.+()]/g, '\\$&')
      .replace(/:[A-Za-z]+/g, '[^/]+')
      .replace(/\*/g, '.*')}$`,
  );
