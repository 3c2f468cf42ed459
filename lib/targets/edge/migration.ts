/**
 * Annotations of ingress-nginx that decide about streams, or that people usually have beside those: what the kit
 * renders, and what it does not. Without their prefix nginx.ingress.kubernetes.io/.
 */
export const ingressNginxAnnotations = [
  'proxy-buffering',
  'proxy-request-buffering',
  'proxy-read-timeout',
  'proxy-send-timeout',
  'proxy-connect-timeout',
  'proxy-http-version',
  'proxy-next-upstream',
  'proxy-body-size',
  'affinity',
  'affinity-mode',
  'session-cookie-name',
  'session-cookie-max-age',
  'session-cookie-expires',
  'session-cookie-change-on-failure',
  'load-balance',
  'upstream-hash-by',
  'limit-connections',
  'limit-rps',
  'enable-access-log',
  'custom-http-errors',
  'configuration-snippet',
  'server-snippet',
  'ssl-redirect',
] as const;

export type IngressNginxAnnotation = (typeof ingressNginxAnnotations)[number];

/** What became of an annotation of ingress-nginx: something of this edge, nothing because none is needed, or nothing at all. */
export type Successor =
  /** The setting or object that does it now. */
  | { readonly now: string }
  /** Why nothing has to be set: what the edge does by itself, or the service. */
  | { readonly unneeded: string }
  /** What there is no way to have any more, and what happens instead. */
  | { readonly lost: string };

/** Every annotation has an answer: a missing one does not compile. */
export type Migration = Readonly<Record<IngressNginxAnnotation, Successor>>;

const limited: Successor = {
  unneeded: 'a limited request ends an EventSource for good: the service admits streams',
};

/** Limits on requests, wherever there are some. */
export const noLimits = { 'limit-connections': limited, 'limit-rps': limited };

const affinity = [
  'affinity',
  'affinity-mode',
  'session-cookie-name',
  'session-cookie-max-age',
  'session-cookie-expires',
  'session-cookie-change-on-failure',
] as const satisfies readonly IngressNginxAnnotation[];

/** Where one thing became of all that had to do with session affinity. */
export const affinityIs = (successor: Successor): Pick<Migration, (typeof affinity)[number]> =>
  Object.fromEntries(affinity.map((key) => [key, successor])) as Pick<Migration, (typeof affinity)[number]>;
