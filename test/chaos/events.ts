/** What an event carries: its channel and number, and a text that follows from the number, so that damage shows. */
export interface EventData {
  readonly channel: string;
  readonly number: number;
  readonly text: string;
}

/** Characters of one to four bytes, and what a careless writer would break lines at. */
const letters = ['a', '\n', 'é', '\r\n', '✓', '\u2028', '😀', ':', ' '];
const longestText = 1500;

/** Mostly short; now and then longer than a packet. */
export function textOf(number: number): string {
  const length = number % 50 === 0 ? longestText : number % 23;
  return Array.from({ length }, (_, place) => letters[(number + place) % letters.length]).join('');
}

export const eventData = (channel: string, number: number): EventData => ({ channel, number, text: textOf(number) });
