import { messageOf, type Wire } from './wire.ts';

/** FIN and opcode, RFC 6455 §5.2; a server does not mask. */
const text = 0x81;
const ping = Buffer.from([0x89, 0]);

/** One text message in one frame, ready for the socket: all streams of a group share these bytes. */
export function textFrame(message: string): Buffer {
  const size = Buffer.byteLength(message);
  const head = size < 126 ? 2 : size < 65_536 ? 4 : 10;
  const bytes = Buffer.allocUnsafe(head + size);
  bytes[0] = text;
  if (head === 2) bytes[1] = size;
  if (head === 4) {
    bytes[1] = 126;
    bytes.writeUInt16BE(size, 2);
  }
  if (head === 10) {
    bytes[1] = 127;
    bytes.writeBigUInt64BE(BigInt(size), 2);
  }
  bytes.write(message, head);
  return bytes;
}

const heartbeats = {
  usual: textFrame('{"type":"heartbeat","data":{}}'),
  storeLost: textFrame('{"type":"heartbeat","data":{"store":"lost"}}'),
};

/**
 * WebSocket messages. Notices are the ones without a channel, and tell their retry in their data. Scripts cannot see a
 * ping; who wants to see heartbeats gets messages.
 */
export const message: Wire = {
  event: (event, id) => textFrame(messageOf(event, id)),
  notice: ({ type, id, retryMs, data }) => textFrame(JSON.stringify({ id, type, data: { ...data, retryMs } })),
  mark: (id) => textFrame(JSON.stringify({ id, type: 'stream:cursor', data: {} })),
  heartbeat: (kind, _framing, store) => (kind === 'event' ? heartbeats[store] : ping),
};
