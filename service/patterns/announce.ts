import { channelPattern } from '../../lib/policy/index.ts';
import { ownChannel } from '../auth/caller.ts';
import type { Cursor, Once } from '../broker/broker.ts';
import { Problem } from '../problem.ts';
import type { Service } from '../service.ts';

const isChannel = new RegExp(channelPattern);

/** A user's name, as part of a channel's. */
export const userPattern = '^[A-Za-z0-9_.:-]{1,123}$';

/**
 * Publishes one event of the service's own, counted like any other. Returns its cursor. With `once` it can be repeated
 * without a second event.
 *
 * @throws Problem 413 when it is larger than the policy allows.
 * @throws StoreUnavailable
 */
export async function announce(
  { broker, metrics, settings }: Pick<Service, 'broker' | 'metrics' | 'settings'>,
  channel: string,
  type: string,
  data: unknown,
  once?: Once,
): Promise<Cursor> {
  const text = JSON.stringify(data);
  const size = Buffer.byteLength(type) + Buffer.byteLength(text);
  const { maxEventBytes } = settings.policy;
  if (size > maxEventBytes)
    throw new Problem(413, `the event ${type} has ${size} bytes, and maxEventBytes is ${maxEventBytes}`);
  const cursors = await broker.publish(channel, [{ type, data: text }], once);
  if (!cursors.repeated) metrics.published.inc();
  return cursors[0] as Cursor;
}

/** The channel of a user. @throws Problem 400 when the name cannot be part of a channel's. */
export function channelOfUser(user: string): string {
  const channel = ownChannel(user);
  if (!isChannel.test(channel))
    throw new Problem(400, `the user ${JSON.stringify(user)} has no channel: a name must match ${userPattern}`);
  return channel;
}
