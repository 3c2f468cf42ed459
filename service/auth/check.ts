import { Problem } from '../problem.ts';
import { type Caller, mayPublish, maySubscribe } from './caller.ts';

/** @throws Problem 403 that names the first channel the caller may not subscribe to. */
export function checkSubscribe(caller: Caller, channels: readonly string[]): void {
  const refused = channels.find((channel) => !maySubscribe(caller, channel));
  if (refused !== undefined) throw new Problem(403, `your token does not let you subscribe to ${refused}`);
}

/** @throws Problem 403 that names the channel. */
export function checkPublish(caller: Caller, channel: string): void {
  if (!mayPublish(caller, channel)) throw new Problem(403, `your token does not let you publish to ${channel}`);
}

/** @throws Problem 403. */
export function checkAdmin({ grants }: Caller): void {
  if (!grants.admin) throw new Problem(403, 'this needs a token with "admin": true in its "sse" claim');
}
