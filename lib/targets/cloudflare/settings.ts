import { type Setting, type SettingGroups, setting, type Values } from '../settings.ts';

/** Settings of a Cloudflare zone and its rules, by the names of Cloudflare's API. */
export interface CloudflareConfig {
  /** Zone settings of every plan: `PATCH zones/:id/settings/:name`. */
  readonly zone: Values;
  /** Zone settings of the Enterprise plan. */
  readonly enterprise: Values;
  readonly cacheRule: Values;
  readonly compressionRule: Values;
  /** Fields of a Logpush job, with commas in between. */
  readonly logpush: Values;
}

/** Where streams and long polls are. */
const expression = 'http.request.uri.path in {"/events" "/events/poll" "/diagnostics/stream"}';

export function settings(): SettingGroups<keyof CloudflareConfig> {
  return {
    zone: [
      setting(
        'http3',
        'on',
        'over HTTP/1.1 a browser has six connections per origin, and each stream takes one for good: HTTP/2, which is on by default, and HTTP/3 carry them all on one',
      ),
      setting('websockets', 'on', 'for the fallback over WebSocket'),
    ],
    enterprise: [
      setting(
        'response_buffering',
        'off',
        'the default; a buffered event arrives when the response ends, and a stream never does',
      ),
    ],
    cacheRule: [
      setting('phase', 'http_request_cache_settings', 'where rules on caching stand'),
      ...rule('set_cache_settings', 'no response of these paths is kept, whatever the rules before this one say'),
      setting(
        'cache',
        false,
        'by default only files with known extensions are, but a rule "cache everything" is quickly made',
      ),
    ],
    compressionRule: [
      setting('phase', 'http_response_compression', 'where rules on compression stand'),
      ...rule(
        'compress_response',
        "event streams are not among the types compressed by default; a rule of one's own may take them in",
      ),
      setting('algorithm', 'none', 'a compressor waits for more bytes before it lets any out'),
    ],
    logpush: [
      setting(
        'fields',
        'EdgeStartTimestamp,ClientIP,ClientRequestMethod,ClientRequestPath,EdgeResponseStatus,EdgeResponseBytes,OriginResponseStatus',
        'the path without the query (never ClientRequestURI or ClientRequestReferer): EventSource cannot set headers, so tokens travel in the query',
      ),
    ],
  };
}

const rule = (action: string, why: string): readonly Setting[] => [
  setting('expression', expression, 'streams and long polls'),
  setting('action', action, why),
];

/** A rule as the API takes it: `POST zones/:id/rulesets/:ruleset/rules`. */
export function ruleBody(ref: string, values: Values): string {
  const { expression: where, action } = values;
  const parameters = 'algorithm' in values ? { algorithms: [{ name: values.algorithm }] } : { cache: values.cache };
  const body = {
    ref,
    description: 'event streams pass (sse-kit)',
    expression: where,
    action,
    action_parameters: parameters,
  };
  return `${JSON.stringify(body, undefined, 2)}\n`;
}
