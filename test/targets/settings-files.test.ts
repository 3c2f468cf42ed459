import { parse } from 'yaml';
import { proxies } from '../../lib/config/sections/proxies.ts';
import { definePolicy } from '../../lib/policy/index.ts';
import { alb, cloudflare, ecs, edges, elasticache, kubernetes, service, targets } from '../../lib/targets/index.ts';
import { numberFrom, setting, settingsFile } from '../../lib/targets/settings.ts';

/** Rendered values beside the file that shows them, for every target that writes settings. */
const shown = [cloudflare, alb, ecs, elasticache, kubernetes, service].map(
  (target) =>
    [target.id, target.render(definePolicy()), target.files(definePolicy())[`${target.id}.yaml`] ?? ''] as const,
);

test('every target but proxies, edges and CDNs, which have files of their own, writes settings', () => {
  const others = ['cloudfront', ...proxies, ...Object.values(edges).map(({ id }) => id)];

  expect(new Set([...shown.map(([id]) => id), ...others])).toEqual(new Set(targets.map(({ id }) => id)));
});

test.each(shown)('%s.yaml is YAML that says what is rendered', (_, values, file) => {
  expect(parse(file)).toEqual(values);
});

test.each(shown)('%s.yaml has a reason above each line, and says how it came to be', (_, __, file) => {
  const lines = file.split('\n');
  const bare = lines.filter((line, at) => /^ {2}[^#\s]/.test(line) && !/^ {2}# \S/.test(lines[at - 1] ?? ''));

  expect(bare).toEqual([]);
  expect(lines[1]).toBe('# Rendered from the stream policy by `sse-kit render`; change the policy, not this file.');
});

test('a settings file reads like this', () => {
  const file = settingsFile('Title', {
    group: [setting('timeout', '90', 'silence', ['idleSeconds', 'retryMs']), setting('on', true, 'always')],
    other: [setting('path', '/a "quoted" one', 'text')],
  });

  expect(file).toMatchInlineSnapshot(`
"# Title
# Rendered from the stream policy by \`sse-kit render\`; change the policy, not this file.

group:
  # silence (idleSeconds, retryMs)
  timeout: "90"
  # always
  on: true

other:
  # text
  path: "/a \\"quoted\\" one"
"
`);
});

test('a number that is not set counts with the default of the vendor', () => {
  expect([numberFrom({ a: '90' }, 'a', 60), numberFrom({}, 'a', 60), numberFrom({ a: 7 }, 'a', 60)]).toEqual([
    90, 60, 7,
  ]);
});

describe('foreign settings', () => {
  test('an empty ALB counts with the defaults of the API', () => {
    expect(alb.read({ loadBalancer: {}, targetGroup: {}, healthCheck: {} })).toMatchObject({
      idleTimers: [{ value: 60 }],
      poolIdle: { value: 60 },
      propagation: { value: 300 },
      stickiness: { value: 'none' },
      streamsPerConnection: { value: 128 },
    });
  });

  test('an ALB whose cookie lasts a day, whose logs go to S3 and that speaks HTTP/1.1 only is read as such', () => {
    const hop = alb.read({
      loadBalancer: { 'access_logs.s3.enabled': 'true', 'routing.http2.enabled': 'false' },
      targetGroup: {
        'stickiness.enabled': 'true',
        'stickiness.type': 'app_cookie',
        'stickiness.app_cookie.cookie_name': 'A',
      },
      healthCheck: {},
    });

    expect(hop.stickiness).toEqual({
      value: { cookie: 'A', seconds: 86_400 },
      setting: 'stickiness.app_cookie.duration_seconds=86400',
    });
    expect(hop.logsQuery?.value).toBe(true);
    expect(hop).not.toHaveProperty('streamsPerConnection');
  });

  test('a bare Deployment and autoscaler leave no time for propagation, 30 s to stop, and scale in at once', () => {
    expect(kubernetes.read({ pod: {}, deployment: {}, disruptionBudget: {}, autoscaling: {} })).toMatchObject({
      propagation: { value: 0 },
      stopWindow: { value: 30 },
      scaleIn: { value: { stabilization: 300, step: 0 } },
    });
  });

  test('a bare container, parameter group and service count with the defaults of Fargate, Valkey and Node', () => {
    expect(ecs.read({ container: {}, service: {} })).toMatchObject({
      stopWindow: { value: 30 },
      streamLimit: { value: 65_535 },
    });
    expect(elasticache.read({ parameters: {} }).subscriberBuffer?.value).toBe(8_388_608);
    expect(service.read({ timers: {}, headers: {}, history: {}, environment: {} })).toMatchObject({
      idleTimers: [{ value: Number.POSITIVE_INFINITY }],
      keepAlive: { value: 5 },
      history: { value: { seconds: 0, beforeNotice: false } },
    });
  });
});
