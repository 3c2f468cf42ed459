import { defaults } from '../../../lib/policy/index.ts';
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

describe('while no replica is ready, a stream is refused', () => {
  const { manifests } = ingressNginx.render(defaults);

  test('softly, by those that are not: they are the default backend', () => {
    expect(ingressNginx.read({ manifests }).refusals).toEqual({
      value: 'soft',
      setting: 'default-backend: sse-kit-all',
    });
    expect(manifests.find(({ kind }) => kind === 'Service')?.spec).toMatchObject({ publishNotReadyAddresses: true });
  });

  test.each([
    [
      'without a default backend',
      manifests.map(({ metadata, ...one }) => ({ ...one, metadata: { name: metadata.name } })),
    ],
    ['by a default backend of which nothing is known', manifests.filter(({ kind }) => kind === 'Ingress')],
    [
      'by one that is not there either',
      manifests.map((one) =>
        one.kind === 'Service' ? { ...one, spec: { ...one.spec, publishNotReadyAddresses: false } } : one,
      ),
    ],
  ])('for good %s', (_, some) => {
    expect(ingressNginx.read({ manifests: some }).refusals?.value).toBe('fatal');
  });
});
