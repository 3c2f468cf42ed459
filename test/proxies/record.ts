import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CheckName } from './checks/index.ts';
import type { RunningProxy } from './driver.ts';

/** Where each proof leaves what it has seen; `test/proof-reporter.cjs` makes docs/proxies.md of it. */
const folder = fileURLToPath(new URL('../../.cache/proof', import.meta.url));

function write(name: string, content: object): void {
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify({ at: Date.now(), ...content }, undefined, 2);
  writeFileSync(join(folder, `${name.replaceAll(/\W+/g, '-')}.json`), text);
}

/** What a proxy was seen to do. */
export class ProofRecord {
  readonly #proxy: string;
  readonly #held: Partial<Record<CheckName, boolean>> = {};
  readonly #figures: Partial<Record<CheckName, unknown>> = {};
  #about: object = {};

  constructor(proxy: string) {
    this.#proxy = proxy;
  }

  about(version: string, { ways, noticesDrainsLate = false }: RunningProxy): void {
    const late = ways.filter(({ noticesLeaversLate }) => noticesLeaversLate).map(({ name }) => name);
    this.#about = { version, ways: ways.map(({ name }) => name), noticesLeaversLate: late, noticesDrainsLate };
  }

  /** Runs a check and keeps whether it held. */
  async keep(check: CheckName, run: () => Promise<unknown>): Promise<void> {
    this.#held[check] = false;
    this.#figures[check] = await run();
    this.#held[check] = true;
  }

  write(): void {
    write(this.#proxy, { proxy: this.#proxy, ...this.#about, held: this.#held, figures: this.#figures });
  }
}

/** What was broken on purpose, and which check has noticed. */
export class BreakageRecord {
  readonly #proxy: string;
  readonly #noticed: { readonly what: string; readonly by: CheckName }[] = [];

  constructor(proxy: string) {
    this.#proxy = proxy;
  }

  keep(what: string, by: CheckName): void {
    this.#noticed.push({ what, by });
  }

  write(): void {
    write(`${this.#proxy} broken`, { proxy: this.#proxy, noticed: this.#noticed });
  }
}
