/** An answer of the long poll. */
export interface Polled {
  readonly status: number;
  readonly headers: Headers;
  readonly events: readonly {
    readonly id: string;
    readonly channel: string;
    readonly type: string;
    readonly data: unknown;
  }[];
  readonly cursor: string;
  readonly gap?: { readonly channels: readonly string[]; readonly requested: string; readonly reason: string };
}

/** One poll; a problem's fields come along where the answer is one. */
export async function poll(url: string, query: string, init: RequestInit = {}): Promise<Polled> {
  const response = await fetch(`${url}/events/poll?${query}`, init);
  return { ...((await response.json()) as Polled), status: response.status, headers: response.headers };
}
