import { definePolicy } from '../../lib/policy/index.ts';
import { Admission } from '../../service/admission.ts';

const policy = definePolicy({ connectRatePerSecond: 10, maxStreams: 100, retryMs: 1000 });

describe('admission', () => {
  test('lets a second’s worth in at once, then as many as the rate allows', () => {
    let now = 0;
    const admission = new Admission(policy, undefined, () => now);
    const admit = (): boolean => admission.refuse(0) === undefined;

    expect(Array.from({ length: 12 }, admit).filter(Boolean)).toHaveLength(10);
    now += 500;
    expect(Array.from({ length: 12 }, admit).filter(Boolean)).toHaveLength(5);
  });

  test('tells the ones it turns away to come back one after the other, at the rate', () => {
    const admission = new Admission(policy, undefined, () => 0);
    for (let stream = 0; stream < 10; stream++) admission.refuse(0);
    const waits = Array.from({ length: 100 }, () => admission.refuse(0)?.retryMs ?? Number.NaN);

    // the jitter of retryMs is ± 500, and the hundredth has ten seconds of others before it
    expect(waits[0]).toBeGreaterThanOrEqual(600);
    expect(waits[0]).toBeLessThanOrEqual(1600);
    expect(waits[99]).toBeGreaterThanOrEqual(10_500);
    expect(waits[99]).toBeLessThanOrEqual(11_500);
  });

  test('lets those in who come back when they were told to', () => {
    let now = 0;
    const admission = new Admission(policy, undefined, () => now);
    const due: number[] = [];
    for (let stream = 0; stream < 60; stream++) {
      const refusal = admission.refuse(0);
      if (refusal) due.push(refusal.retryMs);
    }
    const again = due
      .sort((a, b) => a - b)
      .filter((time) => {
        now = time;
        return admission.refuse(0) !== undefined;
      });
    expect(again).toEqual([]);
  });

  test('turns streams away once maxStreams are open', () => {
    expect(new Admission(policy).refuse(100)).toMatchObject({ reason: 'limit' });
  });
});
