import { json, type Operation, problems } from './answers.ts';

const object = { type: 'object' };
const tags = ['patterns'];

/** What the patterns answer, where they are switched on; docs/patterns.md says more. */
export const patternOperations: Readonly<Record<string, Operation>> = {
  'POST /notifications/{user}': {
    tags,
    summary: 'notify a user',
    responses: { '201': json('kept, and told to the user', object), ...problems(400, 401, 403, 413, 422, 503) },
  },
  'GET /notifications': {
    tags,
    summary: 'a page of notifications, the newest first',
    responses: { '200': json('the page, and where the next one is', object), ...problems(400, 401, 403, 503) },
  },
  'GET /notifications/unread': {
    tags,
    summary: 'how many notifications are unread',
    responses: { '200': json('the count', object), ...problems(400, 401, 403, 503) },
  },
  'PUT /notifications/{id}/read': {
    tags,
    summary: 'mark one notification as read',
    responses: { '200': json('the count of those that are left', object), ...problems(400, 401, 403, 404, 503) },
  },
  'PUT /notifications/read': {
    tags,
    summary: 'mark all notifications as read',
    responses: { '200': json('the count of those that are left', object), ...problems(400, 401, 403, 503) },
  },
  'POST /answers': {
    tags,
    summary: 'begin an answer, which is streamed word by word',
    responses: { '202': json('its channel, and the cursor it begins behind', object), ...problems(400, 401, 429, 503) },
  },
  'DELETE /answers/{id}': {
    tags,
    summary: 'cancel an answer',
    responses: { '202': json('whoever makes it is told', object), ...problems(400, 401, 503) },
  },
};
