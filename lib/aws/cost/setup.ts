import type { KitConfig } from '../../config/load.ts';
import { historyBytes, nodeTypeFor } from '../../targets/index.ts';
import { stageValues } from '../stages.ts';
import type { Setup } from './bill.ts';
import type { Load } from './traffic.ts';

/** What is paid for, by the configuration. */
export function setupOf({ policy, aws, service }: KitConfig): Setup {
  const stage = stageValues(aws.stage, aws);
  const { cacheTraffic } = aws;
  const holdsIt = cacheTraffic && nodeTypeFor(historyBytes(policy, cacheTraffic));
  return {
    policy,
    stage: { ...stage, cacheNodeType: aws.cacheNodeType ?? holdsIt ?? stage.cacheNodeType },
    cacheMode: aws.cacheMode,
    edge: aws.edge,
    internetFacing: aws.internetFacing,
    service: { cpu: service.cpu, memoryMiB: service.memoryMiB, minReplicas: service.replicas.min },
  };
}

/** Field names, an id and the empty line around an event's data. */
const framingBytes = 80;

/** So much for guessing: an event a minute of 300 bytes, twenty published a second, half an hour's stay, one tab. */
export function usualLoad(streams: number, { cacheTraffic: given }: KitConfig['aws']): Load {
  return {
    streams,
    eventsPerMinute: 1,
    eventBytes: given === undefined ? 300 : given.bytesPerEvent + framingBytes,
    publishedPerSecond: given?.eventsPerSecond ?? 20,
    stayMinutes: 30,
    streamsPerConnection: 1,
  };
}
