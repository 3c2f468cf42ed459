/**
 * A position is one integer that is both a place in the order and a time: milliseconds since 1970 × 1024, plus a counter
 * within the millisecond. It is never repeated and never goes down, even when the clock does (a hybrid logical clock).
 * Safe integers reach to the year 2248, and 1024 events a millisecond are more than one Redis can take.
 */

const perMillisecond = 1024;

/** The first position of a millisecond. */
export const positionOfTime = (ms: number): number => ms * perMillisecond;

/** When a position was given out, in milliseconds since 1970. */
export const timeOfPosition = (position: number): number => Math.floor(position / perMillisecond);

/** The position after `last`, at a time. */
export const nextPosition = (last: number, nowMs: number): number => Math.max(last + 1, positionOfTime(nowMs));
