/** What a route's schema does not say of it. */
export interface Operation {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

export const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
export const json = (description: string, schema: object): object => ({
  description,
  content: { 'application/json': { schema } },
});

const retryAfter = { 'Retry-After': { description: 'seconds, drawn for each answer', schema: { type: 'integer' } } };

const statuses: Readonly<Record<number, string>> = {
  400: 'something in the request is not as it must be',
  401: 'a token is needed, or this one is not good',
  403: 'the token does not allow this',
  404: 'there is no such thing',
  406: 'the client does not accept an event stream',
  413: 'too large',
  422: 'the Idempotency-Key was used before for something else',
  426: 'not a WebSocket handshake',
  429: 'as many streams as one user may have',
  503: 'overloaded, draining, or without the event store; nothing happened, come back later',
};

/** Refusals by their status. */
export function problems(...codes: readonly number[]): Record<string, object> {
  return Object.fromEntries(
    codes.map((code) => [
      String(code),
      {
        description: statuses[code],
        ...((code === 429 || code === 503) && { headers: retryAfter }),
        content: { 'application/problem+json': { schema: ref('Problem') } },
      },
    ]),
  );
}
