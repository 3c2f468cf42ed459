import { ingressNginx } from '../../../lib/targets/index.ts';

const prefix = 'nginx.ingress.kubernetes.io/';

const hopOf = (annotations: Record<string, string>) =>
  ingressNginx.read({
    manifests: [{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'theirs', annotations } }],
  });

test('a timeout with a unit is ignored as the controller ignores it, and a cookie without an end has none', () => {
  const hop = hopOf({
    [`${prefix}proxy-read-timeout`]: '3600s',
    [`${prefix}proxy-buffering`]: 'on',
    [`${prefix}affinity`]: 'cookie',
  });

  expect(hop).toMatchObject({
    idleTimers: [{ value: 60, setting: 'proxy-read-timeout: "3600s"' }],
    buffering: { value: true },
    stickiness: { value: { cookie: 'INGRESSCOOKIE', seconds: Number.POSITIVE_INFINITY } },
  });
});

test('what is not set counts with the defaults of the controller', () => {
  const defaults = { idleTimers: [{ value: 60 }], buffering: { value: false }, stickiness: { value: 'none' } };

  expect(hopOf({})).toMatchObject(defaults);
  expect(ingressNginx.read({ manifests: [] })).toMatchObject(defaults);
});
