import type { StreamPolicy } from '../../lib/policy/index.ts';

/** What a message advises: one or more ways out, each a set of fields and the values they should have. */
export type Way = Readonly<Record<string, number | string>>;

/** Reads "…; raise idleSeconds to 95 or lower heartbeatSeconds to 18" as its author means it. */
export function waysOut(message: string): readonly Way[] {
  const advice = message.slice(message.lastIndexOf(';') + 1);
  return advice
    .split(' or ')
    .map((way) =>
      Object.fromEntries(
        [...way.matchAll(/([\w.]+) to (?:(\d+(?:\.\d+)?)|"([^"]+)")/g)].map(([, field, n, text]) => [
          field,
          text ?? Number(n),
        ]),
      ),
    );
}

/** The policy after following one of them. */
export function follow(policy: StreamPolicy, way: Way): StreamPolicy {
  if (way.stickiness === 'none') return { ...policy, stickiness: 'none' };
  const { 'stickiness.seconds': seconds, 'stickiness.cookie': cookie, ...rest } = way;
  const { stickiness } = policy;
  const bound =
    stickiness === 'none'
      ? {}
      : {
          stickiness: {
            cookie: cookie === undefined ? stickiness.cookie : String(cookie),
            seconds: seconds === undefined ? stickiness.seconds : Number(seconds),
          },
        };
  return { ...policy, ...rest, ...bound };
}
