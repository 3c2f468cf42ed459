import { brokenLimits, withDefaults } from '../../lib/docs/broken-examples.ts';
import { PolicyError } from '../../lib/policy/index.ts';
import { changesFor } from '../../lib/targets/expressible.ts';
import { alb, targets } from '../../lib/targets/index.ts';
import { follow, waysOut } from '../policy/suggestions.ts';

const limits = targets.flatMap((target) => target.limits.map((limit) => [limit.id, limit, target] as const));

test('every limit has a broken example, and no example is without its limit', () => {
  expect(Object.keys(brokenLimits).sort()).toEqual(limits.map(([id]) => id).sort());
});

test('the ids of limits begin with their target', () => {
  expect(limits.filter(([id, , target]) => !id.startsWith(`${target.id}-`))).toEqual([]);
});

test('the default policy, or one that differs in what an edge has not, is within the limits of every target', () => {
  const changed = targets.map((target) => [target.id, changesFor(target)] as const);

  expect(Object.fromEntries(changed.filter(([, changes]) => Object.keys(changes).length > 0))).toMatchInlineSnapshot(`
{
  "contour": {
    "stickiness": "none",
  },
  "gke-gateway": {
    "keepAliveSeconds": 620,
  },
  "kong": {
    "stickiness": "none",
  },
  "nginx-gateway-fabric": {
    "stickiness": "none",
  },
}
`);
});

test.each(limits)('fails %s, with advice that can be followed', (id, limit) => {
  const policy = withDefaults(brokenLimits[id]);
  const verdict = limit.judge(policy);
  const [fault] = verdict.verdict === 'broken' ? verdict.faults : [];

  expect(fault).toEqual({
    rule: id,
    fields: limit.fields,
    message: expect.stringMatching(/; (raise|lower|rename|set) /),
  });
  expect(waysOut(fault?.message ?? '').map((way) => limit.judge(follow(policy, way)))).toEqual([{ verdict: 'holds' }]);
});

test.each(limits)('fails to render anything beyond %s: nothing is clamped', (id, _, target) => {
  const policy = withDefaults(brokenLimits[id]);

  for (const render of [target.files, target.hop]) expect(() => render(policy)).toThrow(PolicyError);
  expect(() => target.files(policy)).toThrow(`${target.title} cannot express the policy:`);
});

test('fails with all broken limits of a target at once', () => {
  const policy = withDefaults({ idleSeconds: 5000, maxStreamsPerUser: 500 });

  expect(alb.limitFaults(policy).map(({ message }) => message)).toMatchInlineSnapshot(`
[
  "idleSeconds (5000) must be at most 4000, the ALB's idle timeout limit; lower idleSeconds to 4000",
  "maxStreamsPerUser (500) must be at most 118: the ALB carries 128 requests on one HTTP/2 connection and a page needs some itself; lower maxStreamsPerUser to 118",
]
`);
});
