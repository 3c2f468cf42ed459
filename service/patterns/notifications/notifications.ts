/**
 * Notifications: what a user is told is kept until it is read, and every tab of theirs agrees on how many are unread.
 *
 *   POST /notifications/:user     {"title", "body"?, "link"?, "data"?} → 201 {"id", "unread", "revision"}
 *   GET  /notifications           newest first: ?limit=, ?before= (follow "next")
 *   GET  /notifications/unread    {"unread", "revision"}
 *   PUT  /notifications/:id/read  and PUT /notifications/read for all → 200 {"unread", "revision"}
 *
 * Events on `user:<user>`, which is always granted to its user: `notification`, and `notifications:unread` when something
 * was read. To copy it: this folder, ../announce.ts, and a line that calls `notifications(app, service)`. docs/patterns.md
 * has the guarantees.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Caller, mayPublish } from '../../auth/caller.ts';
import { Problem } from '../../problem.ts';
import type { Service } from '../../service.ts';
import { announce, channelOfUser } from '../announce.ts';
import { EmbeddedNotifications } from './embedded.ts';
import { checkSame, idOf } from './identity.ts';
import { RedisNotifications } from './redis.ts';
import * as schemas from './schemas.ts';
import type { Count, NotificationDraft, NotificationStore } from './store.ts';

interface Whose {
  readonly user?: string;
}

interface PageQuery extends Whose {
  readonly limit: number;
  readonly before?: string;
}

export function notifications(app: FastifyInstance, service: Service): void {
  const store: NotificationStore = service.redis ? new RedisNotifications(service.redis) : new EmbeddedNotifications();

  app.post<{ Params: { user: string }; Body: NotificationDraft }>(
    '/notifications/:user',
    { schema: schemas.add, bodyLimit: schemas.bodyBytes },
    async (request, reply) => {
      const { user } = request.params;
      const channel = channelOfUser(user);
      checkMayNotify(request.caller, channel);
      schemas.checkData(request.body);
      const key = request.headers['idempotency-key'];
      const wanted = { id: idOf(key), at: new Date().toISOString(), ...request.body };
      const { kept, ...count } = await store.add(user, wanted);
      checkSame(kept, wanted);
      // when this fails the notification is kept all the same: the page shows it, and a repetition tells of it
      await announce(service, channel, 'notification', { ...kept, ...count });
      return reply.code(201).send({ id: kept.id, ...count });
    },
  );

  app.get<{ Querystring: PageQuery }>('/notifications', { schema: schemas.page }, async (request) => {
    const user = userOf(request);
    const { limit, before } = request.query;
    const { next, ...page } = await store.page(user, limit, before === undefined ? undefined : placeOf(before));
    return { ...page, ...(next !== undefined && { next: linkTo(request.query, next) }) };
  });

  app.get<{ Querystring: Whose }>('/notifications/unread', { schema: schemas.whose }, (request) =>
    store.count(userOf(request)),
  );

  app.put<{ Params: { id: string }; Querystring: Whose }>(
    '/notifications/:id/read',
    { schema: schemas.read },
    async (request) => {
      const user = userOf(request);
      const { id } = request.params;
      const count = await store.markRead(user, id);
      if (count === undefined) throw new Problem(404, `there is no notification ${id}; it may be too old to be kept`);
      return told(user, count, id);
    },
  );

  app.put<{ Querystring: Whose }>('/notifications/read', { schema: schemas.whose }, async (request) => {
    const user = userOf(request);
    return told(user, await store.markAllRead(user), 'all');
  });

  /** Told even when nothing was unread any more: whoever asks again may do so because telling failed. */
  async function told(user: string, count: Count, read: string): Promise<Count> {
    await announce(service, channelOfUser(user), 'notifications:unread', { ...count, read });
    return count;
  }
}

function checkMayNotify(caller: Caller, channel: string): void {
  if (!caller.grants.admin && !mayPublish(caller, channel))
    throw new Problem(403, `your token does not let you publish to ${channel}`);
}

/** Whose notifications are meant: the caller's own. Administrators name somebody, and so does everybody without tokens. */
function userOf({ caller, query }: FastifyRequest<{ Querystring: Whose }>): string {
  const user = query.user ?? caller.user;
  if (user === undefined) throw new Problem(400, 'name the user whose notifications you mean: ?user=…');
  if (user !== caller.user && !caller.grants.admin) throw new Problem(403, 'these notifications are not yours');
  channelOfUser(user);
  return user;
}

const placeOf = (text: string): number => Number.parseInt(text, 36);

function linkTo({ limit, user }: PageQuery, next: number): string {
  const query = new URLSearchParams({ before: next.toString(36), limit: String(limit), ...(user && { user }) });
  return `/notifications?${query}`;
}
