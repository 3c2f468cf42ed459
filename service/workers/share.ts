import type { ServiceSettings } from '../settings.ts';

/** Which of a replica's workers a process is, from 0; set by the primary. */
export const slotVariable = 'SSE_WORKER_SLOT';

/**
 * One worker's part of what the policy allows its replica: the workers' shares add up to it. maxStreamsPerUser is not
 * divided: a user's few streams do not spread evenly, and would be refused with room left.
 */
export function shareOf(settings: ServiceSettings, slot: number): ServiceSettings {
  const { policy, workers, replica, emfService } = settings;
  const part = (whole: number): number => Math.floor(whole / workers) + (slot < whole % workers ? 1 : 0);
  return {
    ...settings,
    replica: `${replica}.${slot}`,
    // one tells of all
    emfService: slot === 0 ? emfService : undefined,
    policy: {
      ...policy,
      maxStreams: part(policy.maxStreams),
      connectRatePerSecond: part(policy.connectRatePerSecond),
    },
  };
}
