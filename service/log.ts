interface Described {
  readonly name?: string;
  readonly message?: string;
  readonly code?: unknown;
  readonly stack?: string;
}

interface Asked {
  readonly method: string;
  readonly url: string;
}

/**
 * What of an error or a request goes into the log, wherever it is logged from: named properties only. Errors carry along
 * more than their message: the bytes of the request, the arguments of a Redis command, the claims of a token. A URL's
 * query holds tokens and tickets, and so do headers.
 */
export const serializers = {
  err: ({ name, message, code, stack }: Described): Described => ({
    ...(name !== undefined && { name }),
    ...(message !== undefined && { message }),
    ...(code !== undefined && { code }),
    ...(stack !== undefined && { stack }),
  }),
  req: ({ method, url }: Asked): Asked => ({ method, url: url.split('?', 1)[0] ?? '' }),
};
