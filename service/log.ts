import type { FastifyError, FastifyRequest } from 'fastify';

/**
 * What of an error or a request goes into the log, wherever it is logged from: named properties only. Errors carry along
 * more than their message: the bytes of the request, the arguments of a Redis command, the claims of a token. A URL's
 * query holds tokens and tickets, and so do headers.
 */
export const serializers = {
  err: ({ name, message, code, stack }: FastifyError) => ({
    type: name ?? 'Error',
    message,
    stack: stack ?? '',
    ...(code !== undefined && { code }),
  }),
  req: ({ method, url }: FastifyRequest) => ({ method, url: url.split('?', 1)[0] ?? '' }),
};
