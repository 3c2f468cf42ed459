import type { StoredEvent } from '../broker/broker.ts';
import { frame, heartbeats } from '../fanout/frame.ts';
import type { Notice, Wire } from './wire.ts';

const notice = ({ data, ...rest }: Notice): Buffer => Buffer.from(frame({ ...rest, data: JSON.stringify(data) }));

/** An event stream whose data is the event's. */
export const plain: Wire = {
  event: (event, id) => eventFrame(event, id, event.data),
  notice,
  // WHATWG HTML §9.2.6: without data nothing is dispatched, but the last event ID is set all the same
  mark: (id) => Buffer.from(frame({ id })),
  heartbeat: (kind, framing, store) => heartbeats[kind][store][framing],
};

/** An event stream whose data says channel and type too, for listeners that want all events in one place. */
export const envelope: Wire = {
  ...plain,
  event: (event, id) => {
    const { channel, type = 'message', data } = event;
    return eventFrame(
      event,
      id,
      `{"channel":${JSON.stringify(channel)},"type":${JSON.stringify(type)},"data":${data}}`,
    );
  },
};

function eventFrame({ type }: StoredEvent, id: string, data: string): Buffer {
  return Buffer.from(frame({ id, type, data }));
}
