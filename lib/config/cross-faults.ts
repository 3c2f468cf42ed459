import type { Fault, StreamPolicy } from '../policy/index.ts';
import { awsFaults } from './aws-faults.ts';
import { kubernetesFaults } from './kubernetes-faults.ts';
import type { Sections } from './schema.ts';
import { serviceFaults, sizeFaults } from './service-faults.ts';

/**
 * Memory that Fargate offers for each number of CPU units, in MiB
 * (docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html, "Task CPU and memory").
 */
const fargateMemory: Readonly<Record<Sections['service']['cpu'], readonly number[]>> = {
  256: [512, 1024, 2048],
  512: steps(1024, 4096, 1024),
  1024: steps(2048, 8192, 1024),
  2048: steps(4096, 16_384, 1024),
  4096: steps(8192, 30_720, 1024),
  8192: steps(16_384, 61_440, 4096),
  16384: steps(32_768, 122_880, 8192),
};

function steps(least: number, most: number, step: number): readonly number[] {
  return Array.from({ length: (most - least) / step + 1 }, (_, index) => least + index * step);
}

/**
 * Faults between keys that are each right by themselves.
 *
 * @param policy What the sizes are judged against; absent while a field of it is of the wrong kind.
 */
export function crossFaults(
  { aws, kubernetes, service }: Sections,
  policy: StreamPolicy | undefined,
): readonly Fault[] {
  return [
    ...serviceFaults(service),
    ...(policy === undefined ? [] : sizeFaults(service, policy)),
    ...(kubernetes.enabled ? kubernetesFaults(kubernetes) : []),
    ...(aws.enabled ? [...memoryFaults(service), ...awsFaults(aws, service)] : []),
  ];
}

function memoryFaults({ cpu, memoryMiB }: Sections['service']): readonly Fault[] {
  if (fargateMemory[cpu].includes(memoryMiB)) return [];
  const accepted = fargateMemory[cpu].join(', ');
  const message = `service.memoryMiB (${memoryMiB}) must be one of ${accepted}, which Fargate offers for service.cpu (${cpu})`;
  return [{ rule: 'config', fields: ['service.memoryMiB', 'service.cpu'], message }];
}
