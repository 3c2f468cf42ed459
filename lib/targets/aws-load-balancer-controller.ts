import { type Hop, policyRule, type StreamPolicy } from '../policy/index.ts';
import { alb, albSettings, readBalancer, readTargetGroup } from './alb.ts';
import { defineEdge, type EdgePlace, type Grammar } from './edge/edge.ts';
import { sharedLimit } from './edge/limits.ts';
import { at, type Manifest, ofKind } from './edge/manifest.ts';
import { type Migration, noLimits } from './edge/migration.ts';
import { ingress } from './edge/objects.ts';
import { type Line, line } from './edge/tree.ts';
import { balancerAttributes, targetGroupAttributes } from './elb/attributes.ts';
import { type Setting, setting, type Values } from './settings.ts';
import { type KeyTable, refusal } from './vendor/accepts.ts';

const id = 'aws-load-balancer-controller';
const prefix = 'alb.ingress.kubernetes.io/';
const documented = 'kubernetes-sigs/aws-load-balancer-controller:docs/guide/ingress/annotations.md';
const parsed = 'kubernetes-sigs/aws-load-balancer-controller:pkg/annotations/parser.go, v3.5.0';

/** The longest that a target group may wait (ELB v2 API, deregistration_delay.timeout_seconds 0 to 3600). */
const longestDeregistration = 3600;

/** From the deletion of a pod on, the balancer lets it finish for this long: through preStop and the whole drain. */
const deregistrationSeconds = ({ propagationSeconds, drainSeconds }: StreamPolicy): number =>
  propagationSeconds + drainSeconds;

/** The attributes of the alb target, but for what is different where a pod is stopped while its target still drains. */
function attributes(policy: StreamPolicy): Readonly<Record<'loadBalancer' | 'targetGroup', readonly Setting[]>> {
  const { loadBalancer, targetGroup } = albSettings(policy);
  const delay = setting(
    'deregistration_delay.timeout_seconds',
    String(deregistrationSeconds(policy)),
    'a pod is deregistered when it is deleted, and what it still carries afterwards is cut: not before preStop and drain are over',
    ['propagationSeconds', 'drainSeconds'],
  );
  return { loadBalancer, targetGroup: targetGroup.map((one) => (one.key === delay.key ? delay : one)) };
}

/** Many attributes in one annotation, and the reasons of all of them above it. */
const attributeLine = (key: string, settings: readonly Setting[]): Line =>
  line(
    `${prefix}${key}`,
    settings.map((one) => `${one.key}=${one.value}`).join(','),
    settings.map((one) => `${one.key}: ${one.why}`).join('\n'),
    [...new Set(settings.flatMap(({ from }) => from))],
  );

function annotations(policy: StreamPolicy, { tlsSecret }: EdgePlace): readonly Line[] {
  const { loadBalancer, targetGroup } = attributes(policy);
  return [
    line(
      `${prefix}scheme`,
      'internal',
      'the default of the controller: reached from the VPC alone. "internet-facing" opens it to everybody',
    ),
    line(
      `${prefix}target-type`,
      'ip',
      'pods themselves are targets: with "instance" a stream goes through a NodePort of any node, and cookies bind to nodes',
    ),
    attributeLine('load-balancer-attributes', loadBalancer),
    attributeLine('target-group-attributes', targetGroup),
    line(
      `${prefix}healthcheck-path`,
      '/readyz',
      'false for a replica that drains or hears nothing from its store; unlike ECS, nothing stops it for that. But the controller takes off what Kubernetes calls not ready: with a store that is away for long, streams end with the deregistration delay, and 503 follows',
    ),
    line(`${prefix}healthcheck-interval-seconds`, '10'),
    line(`${prefix}healthcheck-timeout-seconds`, '5', 'must be shorter than the interval'),
    line(`${prefix}healthy-threshold-count`, '2'),
    line(`${prefix}unhealthy-threshold-count`, '2', 'one lost check is no reason to send streams elsewhere'),
    ...(tlsSecret === undefined
      ? []
      : [
          line(
            `${prefix}listen-ports`,
            '[{"HTTP": 80}, {"HTTPS": 443}]',
            'the certificate is the one of AWS Certificate Manager that fits the host; the Secret below is not read',
          ),
          line(`${prefix}ssl-redirect`, '443', 'whoever comes without TLS is sent to where HTTP/2 is'),
        ]),
  ];
}

const stringMap: Grammar = {
  accepts: /^[^=,]+=[^,]*(?:,[^=,]+=[^,]*)*$/,
  says: 'key=value pairs with commas between them',
  source: `${parsed}, ParseStringMapAnnotation`,
};
const whole: Grammar = { accepts: /^\d+$/, says: 'a whole number', source: `${parsed}, ParseInt64Annotation` };
const oneOf = (...words: readonly string[]): Grammar => ({
  accepts: new RegExp(`^(?:${words.join('|')})$`),
  says: words.join(' or '),
  source: documented,
});

const noAnswer = 'the balancer answers 502, 503 or 504 itself; EventSource clients need a supervisor for that';
const snippets = { lost: 'there is no configuration to add to; rules and attributes are all there is' };

const migration: Migration = {
  'proxy-buffering': { unneeded: 'an ALB passes bytes on as they come' },
  'proxy-request-buffering': { unneeded: 'an ALB passes bytes on as they come' },
  'proxy-read-timeout': { now: `${prefix}load-balancer-attributes: idle_timeout.timeout_seconds=…` },
  'proxy-send-timeout': { now: 'the same idle_timeout.timeout_seconds' },
  'proxy-connect-timeout': { lost: '10 s, fixed' },
  'proxy-http-version': { now: `${prefix}backend-protocol-version (HTTP1 by default)` },
  'proxy-next-upstream': { lost: 'a request is sent to one target only; if that refuses, the client gets a 502' },
  'proxy-body-size': { unneeded: 'no limit for targets that are pods' },
  affinity: { now: `${prefix}target-group-attributes: stickiness.enabled=true,stickiness.type=lb_cookie` },
  'affinity-mode': { lost: 'a cookie names its target until that is gone, as "persistent" did' },
  'session-cookie-name': { lost: 'AWSALB, fixed' },
  'session-cookie-max-age': { now: 'stickiness.lb_cookie.duration_seconds=…' },
  'session-cookie-expires': { now: 'stickiness.lb_cookie.duration_seconds=…' },
  'session-cookie-change-on-failure': { unneeded: 'a client of an unhealthy target is given another one' },
  'load-balance': { now: `${prefix}target-group-attributes: load_balancing.algorithm.type=…` },
  'upstream-hash-by': { lost: 'stickiness by cookie is all there is' },
  ...noLimits,
  'enable-access-log': { now: `${prefix}load-balancer-attributes: access_logs.s3.enabled=… (the query is in it)` },
  'custom-http-errors': { lost: noAnswer },
  'configuration-snippet': snippets,
  'server-snippet': snippets,
  'ssl-redirect': { now: `${prefix}ssl-redirect: "443", beside listen-ports with both ports` },
};

const ofAlb = (limit: string) =>
  sharedLimit(
    `${id}-${limit}`,
    alb.limits.find((one) => one.id === `alb-${limit}`),
  );

/** The AWS Load Balancer Controller: an Application Load Balancer whose targets are the pods. */
export const awsLoadBalancerController = defineEdge({
  id,
  title: 'AWS Load Balancer Controller',
  coverage: {
    ...alb.coverage,
    retryMs: {
      because: 'fixed responses cannot be event streams; while no pod is ready, 503 ends an EventSource for good',
    },
    propagationSeconds: { as: 'deregistration_delay.timeout_seconds' },
    drainSeconds: { as: 'deregistration_delay.timeout_seconds' },
  },
  limits: [
    ofAlb('idle-timeout'),
    ofAlb('http2-streams'),
    policyRule({
      id: `${id}-deregistration-delay`,
      why: 'the ELB API rejects a longer wait, and with a shorter one the balancer cuts streams that the service is still closing one by one',
      source: 'docs.aws.amazon.com/elasticloadbalancing: deregistration_delay.timeout_seconds 0 to 3600',
      fields: ['propagationSeconds', 'drainSeconds'],
      broken: (policy) => {
        const { propagationSeconds, drainSeconds } = policy;
        const way =
          drainSeconds > propagationSeconds
            ? `lower drainSeconds to ${longestDeregistration - propagationSeconds}`
            : `lower propagationSeconds to ${longestDeregistration - drainSeconds}`;
        return (
          deregistrationSeconds(policy) > longestDeregistration &&
          `propagationSeconds (${propagationSeconds}) + drainSeconds (${drainSeconds}) must be at most ${longestDeregistration}, the ALB's deregistration delay limit; ${way}`
        );
      },
    }),
  ],
  minimumVersions: [
    {
      of: 'AWS Load Balancer Controller',
      version: '2.2.0',
      because: 'it reads spec.ingressClassName from there on; written against 3.5.0',
    },
  ],
  grammar: {
    [`${prefix}scheme`]: oneOf('internal', 'internet-facing'),
    [`${prefix}target-type`]: oneOf('ip', 'instance'),
    [`${prefix}load-balancer-attributes`]: stringMap,
    [`${prefix}target-group-attributes`]: stringMap,
    [`${prefix}healthcheck-path`]: { accepts: /^\/\S*$/, says: 'a path', source: documented },
    [`${prefix}healthcheck-interval-seconds`]: whole,
    [`${prefix}healthcheck-timeout-seconds`]: whole,
    [`${prefix}healthy-threshold-count`]: whole,
    [`${prefix}unhealthy-threshold-count`]: whole,
    [`${prefix}listen-ports`]: {
      accepts: /^\[\{"HTTPS?": ?\d+\}(?:, ?\{"HTTPS?": ?\d+\})*\]$/,
      says: 'JSON: a list of {"HTTP": port} and {"HTTPS": port}',
      source: documented,
    },
    [`${prefix}ssl-redirect`]: whole,
  },
  controller: () => [
    setting(
      'elbv2.k8s.aws/pod-readiness-gate-inject',
      'enabled',
      "a label of the namespace, set before the pods are made: a new pod counts as ready once the balancer sends it requests, so a rollout cannot outrun the balancer's health checks",
    ),
  ],
  migration,
  manifests: (policy, place) => [ingress(place, 'alb', annotations(policy, place))],
  read: ({ manifests }) => hopOf(manifests),
});

/** Annotations of the Service win over those of the Ingress, and its class over both. What is not set counts with the ELB API's defaults. */
function hopOf(manifests: readonly Manifest[]): Hop {
  const value = (key: string): string | undefined =>
    ['Service', 'Ingress']
      .map((kind) => ofKind(manifests, kind)?.metadata.annotations?.[`${prefix}${key}`])
      .find((found) => found !== undefined);
  const balancer = { ...pairs(value('load-balancer-attributes')), ...ofClass(manifests) };
  const { propagation, ...group } = readTargetGroup(
    taken(pairs(value('target-group-attributes')), targetGroupAttributes.application),
  );
  return {
    ...readBalancer(taken(balancer, balancerAttributes.application)),
    ...group,
    target: id,
    // not before the stop signal, as on ECS, but while the pod is stopping: what is cut is what it has not closed yet
    ...(propagation && { reloadWindow: propagation }),
  };
}

/** Attributes of the balancer that the class says (…:pkg/ingress/model_build_load_balancer_attributes.go). */
function ofClass(manifests: readonly Manifest[]): Values {
  const attributes = at(ofKind(manifests, 'IngressClassParams'), 'spec', 'loadBalancerAttributes');
  if (!Array.isArray(attributes)) return {};
  return Object.fromEntries(attributes.map((one) => [String(at(one, 'key')), String(at(one, 'value'))]));
}

/** One call sets them all, so that one attribute which the API refuses leaves all of them as they were: at first, the defaults. */
const taken = (values: Values, accepted: KeyTable): Values =>
  Object.entries(values).every(([key, value]) => accepted[key] && refusal(accepted[key], value) === undefined)
    ? values
    : {};

/** As the controller takes them apart. A list that is not one fails its whole update. */
function pairs(annotation = ''): Values {
  const parts = annotation.split(',').flatMap((part) => part.trim() || []);
  const entries = parts.map((part) => /^([^=]+)=(.*)$/.exec(part)?.slice(1) as [string, string] | undefined);
  return entries.every((entry) => entry !== undefined) ? Object.fromEntries(entries) : {};
}
