import { anyone, type Caller } from '../../../service/auth/caller.ts';
import type { Pattern } from '../../../service/patterns/patterns.ts';

const header = 'x-test-caller';

/** Takes whoever asks for who they say they are. */
export const believing: Pattern = (app) => {
  app.addHook('onRequest', async (request) => {
    const claim = request.headers[header];
    if (typeof claim === 'string') Object.defineProperty(request, 'caller', { value: JSON.parse(claim) as Caller });
  });
};

/** The headers of a user without further rights, or with some. */
export function as(user: string, grants: Partial<Caller['grants']> = {}): Record<string, string> {
  const none = { subscribe: [], publish: [], admin: false };
  return { [header]: JSON.stringify({ ...anyone, user, grants: { ...none, ...grants } }) };
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** One request with JSON both ways. */
export async function ask(
  method: string,
  url: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}
