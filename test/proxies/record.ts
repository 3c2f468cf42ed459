import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CheckName, checks } from './checks/index.ts';
import type { RunningProxy } from './driver.ts';

/** Where each proof leaves what it has seen; `test/proof-reporter.cjs` makes docs/proxies.md of it. */
const folder = fileURLToPath(new URL('../../.cache/proof', import.meta.url));

function write(name: string, content: object): void {
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify({ at: Date.now(), ...content }, undefined, 2);
  writeFileSync(join(folder, `${name.replaceAll(/\W+/g, '-')}.json`), text);
}

/** What a proxy was seen to do. What was not seen was not held. */
export class ProofRecord {
  readonly #proxy: string;
  readonly #held = new Set<CheckName>();
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
    this.#figures[check] = await run();
    this.#held.add(check);
  }

  write(): void {
    const seen = Object.entries(checks).map(([name, { promise }]) => ({
      name,
      promise,
      held: this.#held.has(name as CheckName),
    }));
    write(this.#proxy, { proxy: this.#proxy, ...this.#about, checks: seen, figures: this.#figures });
  }
}

/** What was broken on purpose, and whether the check that is there for it has noticed. */
export class BreakageRecord {
  readonly #proxy: string;
  readonly #breakages: { readonly what: string; readonly by: CheckName; noticed: boolean }[] = [];

  constructor(proxy: string) {
    this.#proxy = proxy;
  }

  async keep(what: string, by: CheckName, run: () => Promise<void>): Promise<void> {
    const breakage = { what, by, noticed: false };
    this.#breakages.push(breakage);
    await run();
    breakage.noticed = true;
  }

  write(): void {
    write(`${this.#proxy} broken`, { proxy: this.#proxy, breakages: this.#breakages });
  }
}
