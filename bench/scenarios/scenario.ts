import type { Results } from '../metrics.ts';
import type { Server } from '../servers/server.ts';
import { type ProfileTaker, type Session, withSession } from '../session.ts';

/** How large a run is. */
export interface Scale {
  readonly streams: number;
  /** The most streams that one process may hold here. */
  readonly mostStreams: number;
  readonly rounds: number;
  /** Length of one measured part. */
  readonly ms: number;
}

export interface Bench {
  readonly scale: Scale;
  readonly servers: readonly Server[];
  readonly results: Results;
  readonly log: (line: string) => void;
  readonly profiles?: ProfileTaker;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  readonly run: (bench: Bench) => Promise<void>;
}

/**
 * Every server in turn, as many times as there are rounds: what disturbs the machine for a while then disturbs one round
 * of everybody, and not all rounds of one. A run that fails is noted, and has no figures.
 */
export async function eachRound(
  { scale, results, log, profiles }: Bench,
  scenario: string,
  servers: readonly Server[],
  measure: (session: Session) => Promise<void>,
): Promise<void> {
  for (let round = 1; round <= scale.rounds; round++) {
    for (const server of servers) {
      log(`${scenario} ${round}/${scale.rounds}: ${server.name}`);
      try {
        await withSession(server, measure, profiles);
      } catch (error) {
        const { message } = error as Error;
        log(`  failed: ${message}`);
        results.failures.push({ server: server.name, scenario, message: message.split('\n')[0] ?? '' });
      }
    }
  }
}

/** The servers that can do something, in their order. */
export const which = (bench: Bench, can: (server: Server) => boolean): readonly Server[] => bench.servers.filter(can);
