import type { FastifyBaseLogger } from 'fastify';
import type { Delivery } from '../delivery.ts';
import type { ServiceSettings } from '../settings.ts';
import type { SharedState } from '../state/state.ts';
import { Revocations } from './revocations.ts';
import { Tickets } from './tickets.ts';
import { Tokens } from './tokens.ts';

/** What it takes to know who asks. */
export interface Auth {
  /** Absent where there is no authentication. */
  readonly tokens: Tokens | undefined;
  readonly tickets: Tickets;
  readonly revocations: Revocations;
}

interface Needs {
  readonly settings: ServiceSettings;
  readonly state: SharedState;
  readonly delivery: Delivery;
  readonly log: FastifyBaseLogger;
}

export function createAuth({ settings: { auth, policy }, state, delivery, log }: Needs): Auth {
  const failed = ({ message, cause }: Error): void => {
    const { message: why = '' } = (cause ?? {}) as Partial<Error>;
    log.warn({ err: { message: [message, why].filter(Boolean).join(': ') } }, 'key set');
  };
  const revocations = new Revocations({
    state,
    control: delivery.control,
    end: (user) => delivery.endUser(user, 'revoked'),
  });
  return {
    tokens: auth.mode === 'jwt' ? new Tokens(auth, { remembered: policy.maxStreams, failed }) : undefined,
    tickets: new Tickets(state),
    revocations,
  };
}
