import { median } from '../../support/event-source.ts';
import { publish } from '../../support/service.ts';
import type { Way } from '../driver.ts';
import type { Stage } from '../stage.ts';
import { type Figures, inTime, openBy } from './tools.ts';

const rounds = 7;

/** A program that speaks HTTP/3 has to be started before it can ask. */
const toOpen = ({ http3 }: Way): number => (http3 ? 500 : 100);
const toArrive = 100;

/** Headers and each event within 100 ms at the median, over every way in, whatever encodings a client would take. */
export async function promptness(stage: Stage): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const way of stage.proxy.ways) {
    for (const encodings of [undefined, 'gzip, deflate, br, zstd']) {
      const { opened, arrived } = await delays(stage, way, encodings);
      expect({
        way: way.name,
        encodings,
        opened: opened < toOpen(way) || opened,
        arrived: arrived < toArrive || arrived,
      }).toEqual({ way: way.name, encodings, opened: true, arrived: true });
      const name = encodings === undefined ? way.name : `${way.name}, with encodings`;
      Object.assign(figures, { [`${name}: opened (ms)`]: opened, [`${name}: event (ms)`]: arrived });
    }
  }
  return figures;
}

async function delays({ cast, channel }: Stage, way: Way, encodings: string | undefined) {
  const opened: number[] = [];
  const arrived: number[] = [];
  const streams: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    const stream = await inTime(
      openBy(way, `/events?channel=${channel}`, encodings === undefined ? {} : { 'accept-encoding': encodings }),
      `${way.name}: the headers of a stream`,
    );
    expect(stream.headers).toMatchObject({ 'content-type': 'text/event-stream' });
    expect(stream.headers).not.toHaveProperty('content-encoding');
    const { data } = await inTime(stream.event('stream:open'), `${way.name}: the first event of a stream`);
    opened.push(performance.now() - began);
    streams.push(JSON.parse(data).stream);
    const published = performance.now();
    await publish(cast.any().url, channel, { data: round });
    const has = (): boolean => stream.events.some((event) => event.data === String(round));
    await inTime(stream.until(has), `${way.name}: an event`);
    arrived.push(performance.now() - published);
    stream.close();
  }
  // nobody is put on a stream that another client has had
  expect({ streamsOfTheirOwn: new Set(streams).size }).toEqual({ streamsOfTheirOwn: rounds });
  return { opened: median(opened), arrived: median(arrived) };
}
