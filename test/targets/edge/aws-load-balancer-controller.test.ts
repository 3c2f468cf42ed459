import fc from 'fast-check';
import { defaults, definePolicy } from '../../../lib/policy/index.ts';
import { balancerAttributes, targetGroupAttributes } from '../../../lib/targets/elb/attributes.ts';
import { edges } from '../../../lib/targets/index.ts';
import { refusal } from '../../../lib/targets/vendor/accepts.ts';
import { validPolicies } from '../../policy/arbitraries.ts';

const edge = edges['aws-load-balancer-controller'];
const prefix = 'alb.ingress.kubernetes.io/';

const annotationsOf = (policy = defaults) => edge.render(policy).manifests[0]?.metadata.annotations ?? {};

const pairsOf = (annotation = '') => annotation.split(',').map((pair) => pair.split('=') as [string, string]);

const hopOf = (annotations: Record<string, string>, onService: Record<string, string> = {}) =>
  edge.read({
    manifests: [
      { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'theirs', annotations } },
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'theirs', annotations: onService } },
    ],
  });

test('balancer and targets are told this', () => {
  expect(annotationsOf()).toMatchInlineSnapshot(`
{
  "alb.ingress.kubernetes.io/healthcheck-interval-seconds": "10",
  "alb.ingress.kubernetes.io/healthcheck-path": "/readyz",
  "alb.ingress.kubernetes.io/healthcheck-timeout-seconds": "5",
  "alb.ingress.kubernetes.io/healthy-threshold-count": "2",
  "alb.ingress.kubernetes.io/listen-ports": "[{"HTTP": 80}, {"HTTPS": 443}]",
  "alb.ingress.kubernetes.io/load-balancer-attributes": "idle_timeout.timeout_seconds=60,client_keep_alive.seconds=3990,routing.http2.enabled=true,routing.http.drop_invalid_header_fields.enabled=true",
  "alb.ingress.kubernetes.io/scheme": "internal",
  "alb.ingress.kubernetes.io/ssl-redirect": "443",
  "alb.ingress.kubernetes.io/target-group-attributes": "load_balancing.algorithm.type=least_outstanding_requests,deregistration_delay.timeout_seconds=45,stickiness.enabled=true,stickiness.type=lb_cookie,stickiness.lb_cookie.duration_seconds=3600",
  "alb.ingress.kubernetes.io/target-type": "ip",
  "alb.ingress.kubernetes.io/unhealthy-threshold-count": "2",
}
`);
});

test('the API takes every attribute of any policy', () => {
  const policies = validPolicies.filter((policy) => edge.limitFaults(policy).length === 0);

  fc.assert(
    fc.property(policies, (policy) => {
      const given = annotationsOf(policy);
      const refused = [
        ...pairsOf(given[`${prefix}load-balancer-attributes`]).map(
          ([key, value]) => [balancerAttributes.application[key], value] as const,
        ),
        ...pairsOf(given[`${prefix}target-group-attributes`]).map(
          ([key, value]) => [targetGroupAttributes.application[key], value] as const,
        ),
      ].filter(([accepts, value]) => accepts === undefined || refusal(accepts, value) !== undefined);
      expect(refused).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test('the pod finishes its drain before its target is cut off', () => {
  expect(annotationsOf(definePolicy({ propagationSeconds: 20, drainSeconds: 60 }))).toHaveProperty(
    [`${prefix}target-group-attributes`],
    expect.stringContaining('deregistration_delay.timeout_seconds=80,'),
  );
  expect(hopOf({ [`${prefix}target-group-attributes`]: 'deregistration_delay.timeout_seconds=5' })).toMatchObject({
    reloadWindow: { value: 5, setting: 'deregistration_delay.timeout_seconds=5' },
  });
});

test('it asks for the other number to be lowered when that is the larger one', () => {
  const faults = edge.limitFaults({ ...defaults, propagationSeconds: 3600 });

  expect(faults[0]?.message).toMatch(/; lower propagationSeconds to 3570$/);
});

test('what the Service says wins over the Ingress, and a list that is none counts as nothing', () => {
  const lasting = (seconds: number) => ({
    [`${prefix}target-group-attributes`]: `stickiness.enabled=true, stickiness.lb_cookie.duration_seconds=${seconds}`,
  });

  expect(hopOf(lasting(60), lasting(90)).stickiness?.value).toEqual({ cookie: 'AWSALB', seconds: 90 });
  expect(hopOf({ [`${prefix}load-balancer-attributes`]: 'idle_timeout.timeout_seconds' })).toMatchObject({
    idleTimers: [{ value: 60 }],
    reloadWindow: { value: 300 },
    stickiness: { value: 'none' },
  });
});

test.each([
  ['an attribute that there is not', 'idle_timeout.timeout_seconds=120,idle_timeout.seconds=120'],
  ['a value out of range', 'idle_timeout.timeout_seconds=4001'],
  ['a space before the value', 'idle_timeout.timeout_seconds = 120'],
])('with %s the API refuses all of them, and the defaults stay', (_, attributes) => {
  expect(hopOf({ [`${prefix}load-balancer-attributes`]: attributes }).idleTimers).toMatchObject([{ value: 60 }]);
});

test('a list may have spaces and commas to spare', () => {
  const attributes = ' idle_timeout.timeout_seconds=120 , routing.http2.enabled=false,';

  const hop = hopOf({ [`${prefix}load-balancer-attributes`]: attributes });

  expect(hop.idleTimers).toMatchObject([{ value: 120 }]);
  expect(hop.streamsPerConnection).toBeUndefined();
});

test('what the class says wins over the Ingress', () => {
  const hop = edge.read({
    manifests: [
      ...edge.render(defaults).manifests,
      {
        apiVersion: 'elbv2.k8s.aws/v1beta1',
        kind: 'IngressClassParams',
        metadata: { name: 'alb' },
        spec: { loadBalancerAttributes: [{ key: 'idle_timeout.timeout_seconds', value: '30' }] },
      },
    ],
  });

  expect(hop.idleTimers).toMatchObject([{ value: 30 }]);
});

test('a log has the whole URL, and tokens in it are read as such', () => {
  expect(hopOf({ [`${prefix}load-balancer-attributes`]: 'access_logs.s3.enabled=true' }).logsQuery?.value).toBe(true);
  expect(hopOf({}).logsQuery).toBeUndefined();
});
