import fc from 'fast-check';
import { Ring } from '../../../service/fanout/ring.ts';

const roomy = { entries: 1000, bytes: 1_000_000, batchBytes: 1_000_000 };
const bytes = (text: string): Buffer => Buffer.from(text);

function ringWith(positions: readonly number[], limits = roomy): Ring {
  const ring = new Ring(0, limits);
  for (const position of positions) ring.append(position, bytes(`${position};`));
  return ring;
}

describe('the ring', () => {
  test('finds the first entry after a position', () => {
    const ring = ringWith([10, 20, 30]);
    expect([0, 9, 10, 15, 20, 29, 30, 99].map((position) => ring.indexAfter(position))).toEqual([
      0, 0, 1, 1, 2, 2, 3, 3,
    ]);
  });

  test('does not serve a position from before its time', () => {
    const ring = new Ring(5, roomy);
    ring.append(10, bytes('x'));
    expect([4, 5].map((position) => ring.indexAfter(position))).toEqual([undefined, 0]);
  });

  test('hands streams at the same index the very same bytes', () => {
    const ring = ringWith([1, 2, 3]);
    expect(ring.batchFrom(1, 'raw')).toBe(ring.batchFrom(1, 'raw'));
    expect(ring.batchFrom(1, 'raw').bytes.toString()).toBe('2;3;');
    expect(ring.batchFrom(1, 'chunked').bytes.toString()).toBe('4\r\n2;3;\r\n');
  });

  test('splits what is more than a batch, and never hands out less than one entry', () => {
    const ring = ringWith([1, 2, 3, 4], { ...roomy, batchBytes: 5 });
    expect(ring.batchFrom(0, 'raw')).toEqual({ bytes: bytes('1;2;'), end: 2 });
    expect(ringWith([123_456], { ...roomy, batchBytes: 1 }).batchFrom(0, 'raw').end).toBe(1);
  });

  test('drops the oldest by count and by bytes, and knows from where on it is complete', () => {
    expect(ringWith([1, 2, 3, 4, 5], { ...roomy, entries: 2 })).toMatchObject({ first: 3, head: 5, since: 3 });
    expect(ringWith([1, 2, 3, 4, 5], { ...roomy, bytes: 4 })).toMatchObject({ first: 3, head: 5, since: 3 });
  });

  test('is empty after a reset, and its indices go on', () => {
    const ring = ringWith([1, 2, 3]);
    ring.reset(100);
    ring.append(101, bytes('new'));
    expect(ring).toMatchObject({ first: 3, head: 4, since: 100 });
    expect(ring.batchFrom(3, 'raw').bytes.toString()).toBe('new');
  });

  test('holds exactly what came after `since`, whatever its limits', () => {
    const limits = fc.record({
      entries: fc.integer({ min: 1, max: 200 }),
      bytes: fc.integer({ min: 1, max: 400 }),
      batchBytes: fc.constant(1_000_000),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), limits, (count, limited) => {
        const ring = ringWith(
          Array.from({ length: count }, (_, index) => index + 1),
          limited,
        );
        const kept = Array.from({ length: count - ring.since }, (_, index) => `${ring.since + index + 1};`).join('');
        expect(ring.batchFrom(ring.first, 'raw').bytes.toString()).toBe(kept);
        expect(ring.lagBytes(ring.first)).toBe(kept.length);
        expect(ring.indexAfter(ring.since)).toBe(ring.first);
      }),
    );
  });
});
