import type { Shape } from '../fanout/stream.ts';
import { envelope, plain } from './event-stream.ts';
import { line } from './lines.ts';
import { message } from './web-socket.ts';
import type { Wire } from './wire.ts';

/** What the bytes of a group look like, by its shape. */
export const wires: Readonly<Record<Shape, Wire>> = { plain, envelope, message, line };
