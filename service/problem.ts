import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { StoreUnavailable } from './broker/broker.ts';
import type { MethodsOf } from './methods.ts';

export const problemType = 'application/problem+json';

/** An error for the client, as application/problem+json (RFC 9457). */
export class Problem extends Error {
  readonly statusCode: number;
  /** For 429 and 503. */
  readonly retryAfterSeconds: number | undefined;

  constructor(statusCode: number, detail: string, retryAfterSeconds?: number) {
    super(detail);
    this.statusCode = statusCode;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Every error leaves as problem+json. What went wrong inside is logged, and not told. */
export function registerProblems(app: FastifyInstance, methodsOf: MethodsOf, retryAfterSeconds: () => number): void {
  app.setNotFoundHandler(({ method, url }, reply) => {
    const path = url.split('?')[0] ?? '';
    const methods = methodsOf(path);
    const detail = `there is no ${method} ${path}`;
    if (methods.length === 0) return send(reply, new Problem(404, detail));
    return send(reply.header('allow', methods.join(', ')), new Problem(405, detail));
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (error instanceof Problem) return send(reply, error);
    if (error instanceof StoreUnavailable) return send(reply, new Problem(503, error.message, retryAfterSeconds()));
    const status = error.statusCode ?? 500;
    if (status < 500) return send(reply, new Problem(status, error.message));
    request.log.error({ err: error }, 'request failed');
    return send(reply, new Problem(500, 'something went wrong on our side'));
  });
}

/** What the framework refuses before there is a route: a URL that cannot be decoded, say. */
export function frameworkProblem(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  // the framework's message quotes the URL, and with it whatever stands in the query
  const detail = error.code === 'FST_ERR_BAD_URL' ? 'the URL cannot be decoded' : error.message;
  void send(reply, new Problem(error.statusCode ?? 400, detail));
}

function send(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.retryAfterSeconds !== undefined) reply.header('retry-after', problem.retryAfterSeconds);
  return reply
    .code(problem.statusCode)
    .type(problemType)
    .send({ title: STATUS_CODES[problem.statusCode], status: problem.statusCode, detail: problem.message });
}
