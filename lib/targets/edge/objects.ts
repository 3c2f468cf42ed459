import { servicePort } from '../service-environment.ts';
import type { EdgePlace } from './edge.ts';
import { type Line, line, list, type Mapping, map, type Sequence } from './tree.ts';

/** Objects that several edges share. */

export interface ObjectParts {
  readonly apiVersion: string;
  readonly kind: string;
  readonly place: EdgePlace;
  /** Tells objects of one kind apart: `-streams`. @default - the name of the place */
  readonly suffix?: string | undefined;
  readonly annotations?: readonly Line[];
  readonly spec?: Mapping;
  /** Of a ConfigMap. */
  readonly data?: Mapping;
}

export function object({ apiVersion, kind, place, suffix = '', annotations = [], spec, data }: ObjectParts): Mapping {
  return map(
    line('apiVersion', apiVersion),
    line('kind', kind),
    line(
      'metadata',
      map(
        line('name', place.name + suffix),
        place.namespace !== undefined && line('namespace', place.namespace),
        annotations.length > 0 && line('annotations', map(...annotations)),
      ),
    ),
    spec && line('spec', spec),
    data && line('data', data),
  );
}

/** Leads everything under the host to the service: streams, their fallbacks and the page share their settings. */
export function ingress(place: EdgePlace, className: string, annotations: readonly Line[]): Mapping {
  const { host, tlsSecret, name, port } = place;
  const backend = map(line('service', map(line('name', name), line('port', map(line('number', port))))));
  const path = map(line('path', '/'), line('pathType', 'Prefix'), line('backend', backend));
  return object({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    place,
    annotations,
    spec: map(
      line('ingressClassName', place.className ?? className),
      line('rules', list(map(line('host', host), line('http', map(line('paths', list(path))))))),
      tlsSecret !== undefined &&
        line(
          'tls',
          list(map(line('hosts', list(host)), line('secretName', tlsSecret))),
          'HTTP/2 comes with TLS: without it a browser has six streams for all its tabs',
        ),
    ),
  });
}

/** What the edge reads off the Service. Whoever makes the Service adds the annotations to it. */
export const serviceAnnotations = (place: EdgePlace, annotations: readonly Line[]): Mapping =>
  object({ apiVersion: 'v1', kind: 'Service', place, annotations });

const whyEveryReplica =
  'every replica, also those that are not ready: while the store is away none is, and each of them can refuse softly';

/** A Service of its own for all pods there are, whether they are ready or not. */
export function everyReplica(place: EdgePlace): { readonly name: string; readonly service: Mapping } {
  const suffix = '-all';
  const { labels, port, scheme } = place.pods ?? {
    labels: { 'app.kubernetes.io/name': 'sse-kit', 'app.kubernetes.io/instance': place.name },
    port: servicePort,
    scheme: 'http',
  };
  const ports = map(line('name', scheme), line('port', place.port), line('targetPort', port));
  const selector = map(...Object.entries(labels).map(([key, value]) => line(key, value)));
  return {
    name: place.name + suffix,
    service: object({
      apiVersion: 'v1',
      kind: 'Service',
      place,
      suffix,
      spec: map(
        line('publishNotReadyAddresses', true, whyEveryReplica),
        line('selector', selector),
        line('ports', list(ports)),
      ),
    }),
  };
}

/** The Gateway that routes attach to. */
export const gatewayOf = ({ gateway, name }: EdgePlace): { name: string; namespace?: string | undefined } =>
  gateway ?? { name };

/** What a Gateway's proxies are made from: the object that `infrastructure` names, in the same namespace. */
export interface Parameters {
  readonly group: string;
  readonly kind: string;
  /** Where the name of the place is taken by another object of the kind. */
  readonly suffix?: string;
  readonly why: string;
}

/** A Gateway of one's own for the host, unless there is one already. */
export function gateway(place: EdgePlace, className: string, parameters?: Parameters): readonly Mapping[] {
  if (place.gateway !== undefined) return [];
  const { host, tlsSecret, name } = place;
  const listener =
    tlsSecret === undefined
      ? map(line('name', 'http'), line('hostname', host), line('port', 80), line('protocol', 'HTTP'))
      : map(
          line('name', 'https'),
          line('hostname', host),
          line('port', 443),
          line('protocol', 'HTTPS', 'HTTP/2 comes with TLS: without it a browser has six streams for all its tabs'),
          line('tls', map(line('certificateRefs', list(map(line('name', tlsSecret)))))),
        );
  return [
    object({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      place,
      spec: map(
        line('gatewayClassName', place.className ?? className),
        parameters && line('infrastructure', map(parametersRef(parameters, name)), parameters.why),
        line('listeners', list(listener)),
      ),
    }),
  ];
}

const parametersRef = ({ group, kind, suffix = '' }: Parameters, name: string): Line =>
  line('parametersRef', map(line('group', group), line('kind', kind), line('name', name + suffix)));

const backends = ({ name, port }: EdgePlace): Sequence => list(map(line('name', name), line('port', port)));

/** One rule of an HTTPRoute that leads to the service; without `matches` it takes everything under the host. */
export const routeRule = (place: EdgePlace, ...lines: readonly (Line | false | undefined)[]): Mapping =>
  map(...lines, line('backendRefs', backends(place)));

/** A rule without `timeouts`, and why there are none. */
export const untimedRule = (place: EdgePlace, why: string): Mapping => map(line('backendRefs', backends(place), why));

/** Rules for the host, attached to the Gateway. */
export function httpRoute(
  place: EdgePlace,
  rules: readonly Mapping[],
  { suffix, annotations }: Pick<ObjectParts, 'suffix' | 'annotations'> = {},
): Mapping {
  const { name, namespace } = gatewayOf(place);
  const parent = map(
    line('name', name),
    namespace !== undefined && line('namespace', namespace, 'its listener has to let routes of this namespace in'),
  );
  return object({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    place,
    suffix,
    ...(annotations && { annotations }),
    spec: map(line('parentRefs', list(parent)), line('hostnames', list(place.host)), line('rules', list(...rules))),
  });
}

/** What a policy of the Gateway API is attached to. */
export const targetRef = (place: EdgePlace, kind: 'HTTPRoute' | 'Gateway' | 'Service', suffix = ''): Mapping =>
  map(
    line('group', kind === 'Service' ? '' : 'gateway.networking.k8s.io'),
    line('kind', kind),
    line('name', (kind === 'Gateway' ? gatewayOf(place).name : place.name) + suffix),
  );

/** `timeouts` of a rule that must not end streams: the Gateway API's word for none. */
export const noRequestTimeout = (why: string): Line => line('timeouts', map(line('request', '0s', why)));
