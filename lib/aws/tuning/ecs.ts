import { Stack } from 'aws-cdk-lib';
import { type CfnService, CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { StreamPolicy } from '../../policy/index.ts';
import { ecs } from '../../targets/index.ts';
import { type Bag, differences, isBag, map, type Report, tuned } from './tuned.ts';

/** Containers by their name; those without a port take no streams and stay as they are. */
const containers = {
  read: (resolved: unknown): Bag | undefined =>
    Array.isArray(resolved)
      ? Object.fromEntries(resolved.filter(isBag).map((one) => [String(one.name), one]))
      : undefined,
  write: (values: Bag): unknown => Object.values(values),
};

export function tuneTask(task: CfnTaskDefinition, policy: StreamPolicy, report: Report): void {
  const { stopTimeout, nofile } = ecs.render(policy).container;
  const { containerDefinitions: own = [] } = task;
  const set = (now: Bag): Bag =>
    Object.fromEntries(
      Object.entries(now).map(([name, container]) => [
        name,
        isBag(container) && list(container.portMappings).length > 0
          ? { ...container, stopTimeout, ulimits: withFiles(list(container.ulimits), Number(nofile)) }
          : container,
      ]),
    );
  task.containerDefinitions = tuned(task, 'ContainerDefinitions', own, containers, set, (changes) =>
    report(
      changes.flatMap(({ construct, key, before, after }) =>
        differences(construct, pathed(key, before), pathed(key, after)),
      ),
    ),
  );
}

/** A limit that is higher already stays. */
function withFiles(ulimits: readonly Bag[], files: number): readonly Bag[] {
  const { softLimit = 0, hardLimit = 0 } = ulimits.find(({ name }) => name === 'nofile') ?? {};
  const least = (limit: unknown): number => Math.max(Number(limit), files);
  return [
    ...ulimits.filter(({ name }) => name !== 'nofile'),
    { name: 'nofile', softLimit: least(softLimit), hardLimit: least(hardLimit) },
  ];
}

const list = (value: unknown): readonly Bag[] => (Array.isArray(value) ? value.filter(isBag) : []);

/** The two values of a container that tuning sets, under names that say whose they are. */
function pathed(name: string, container: unknown): Bag {
  const { stopTimeout, ulimits } = isBag(container) ? container : {};
  return {
    [`${name}.stopTimeout`]: stopTimeout,
    [`${name}.nofile`]: list(ulimits).find((limit) => limit.name === 'nofile')?.softLimit,
  };
}

/** Rolling deployments only: others are paced by CodeDeploy or by whoever runs them. */
export const isTunableService = ({ deploymentController }: CfnService): boolean =>
  !isBag(deploymentController) || (deploymentController.type ?? 'ECS') === 'ECS';

export function tuneService(service: CfnService, policy: StreamPolicy, report: Report): void {
  const { minimumHealthyPercent, maximumPercent, circuitBreakerRollback } = ecs.render(policy).service;
  const rolling = {
    minimumHealthyPercent,
    maximumPercent,
    deploymentCircuitBreaker: { enable: true, rollback: circuitBreakerRollback },
  };
  const { deploymentConfiguration: pace, serviceConnectConfiguration: proxy } = service;
  service.deploymentConfiguration = tuned(service, 'DeploymentConfiguration', pace, map, () => rolling, report);
  if (proxy === undefined) return;
  const patient = (now: Bag): Bag => patientProxy(now, service, policy);
  service.serviceConnectConfiguration = tuned(service, 'ServiceConnectConfiguration', proxy, map, patient, report);
}

/** The proxy of Service Connect ends an HTTP response after 15 s, unless it is told not to. */
function patientProxy(now: Bag, service: CfnService, { idleSeconds }: StreamPolicy): Bag {
  const services = list(now.services).map((entry) => {
    if (!isHttp(service, entry.portName)) return entry;
    const timeout = isBag(entry.timeout) ? entry.timeout : {};
    const idle = Number(timeout.idleTimeoutSeconds ?? presetIdleSeconds);
    const idleTimeoutSeconds = idle === 0 ? 0 : Math.max(idle, idleSeconds);
    return { ...entry, timeout: { ...timeout, perRequestTimeoutSeconds: 0, idleTimeoutSeconds } };
  });
  return services.length === 0 ? {} : { services };
}

/** ECS API, TimeoutConfiguration: HTTP, HTTP2 and GRPC. */
const presetIdleSeconds = 300;

/** Over TCP there is no timer for requests, and setting one is refused. */
function isHttp(service: CfnService, portName: unknown): boolean {
  const stack = Stack.of(service);
  const { Ref: id }: Bag = stack.resolve(service.taskDefinition) ?? {};
  const task = stack.node
    .findAll()
    .filter(CfnTaskDefinition.isCfnTaskDefinition)
    .find(({ logicalId }) => stack.resolve(logicalId) === id);
  return list(stack.resolve(task?.containerDefinitions))
    .flatMap(({ portMappings }) => list(portMappings))
    .some(({ name, appProtocol }) => name === portName && appProtocol !== undefined);
}
