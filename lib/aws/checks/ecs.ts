import { ecs, readServiceConnect, type Values } from '../../targets/index.ts';
import type { Reading } from './reading.ts';
import { type Bag, bag, list, type Resource, referred } from './template.ts';
import { type Known, pick, together } from './values.ts';

/** A container with a port is one that streams may go to; sidecars without one are only held to what ECS accepts. */
const takesConnections = (container: Bag): boolean => list(container.PortMappings).length > 0;

function containers({ properties }: Resource): readonly Reading[] {
  const fargate = list(properties.RequiresCompatibilities).includes('FARGATE');
  return list(properties.ContainerDefinitions).map((definition, index) => {
    const container = bag(definition);
    const read = together(pick(container, 'StopTimeout'), openFiles(container));
    const { StopTimeout, nofile } = read.values;
    const hop = ecs.read({
      container: {
        ...(StopTimeout !== undefined && { stopTimeout: StopTimeout }),
        ...(nofile !== undefined && { nofile }),
      },
      service: {},
    });
    return {
      values: { ...read.values, Launch: fargate ? 'FARGATE' : 'EC2' },
      // what the host's limit is, only the host knows
      unresolved: [...read.unresolved.map(spelling), ...(fargate || nofile !== undefined ? [] : ['nofile'])],
      at: `Properties.ContainerDefinitions.${index}`,
      ...(takesConnections(container) && { hop, ...(fargate && { target: ecs }) }),
    };
  });
}

/** The ecs target calls it as the API does. */
const spelling = (key: string): string => (key === 'StopTimeout' ? 'stopTimeout' : key);

function openFiles(container: Bag): Known {
  const limits = list(container.Ulimits).map(bag);
  const { SoftLimit } = limits.find(({ Name }) => Name === 'nofile') ?? {};
  return pick({ nofile: SoftLimit }, 'nofile');
}

function service(resource: Resource): readonly Reading[] {
  const deployment = pick(bag(resource.properties.DeploymentConfiguration), 'MinimumHealthyPercent', 'MaximumPercent');
  return [{ ...deployment, at: 'Properties.DeploymentConfiguration' }, ...serviceConnect(resource)];
}

/** Services that others reach through the proxy of Service Connect, each by one named port of the task. */
function serviceConnect(resource: Resource): readonly Reading[] {
  const { Enabled, Services } = bag(resource.properties.ServiceConnectConfiguration);
  if (Enabled !== true) return [];
  return list(Services).map((entry, index) => {
    const { PortName, Timeout } = bag(entry);
    const set = pick(bag(Timeout), 'IdleTimeoutSeconds', 'PerRequestTimeoutSeconds');
    const port = portOf(resource, PortName);
    const { values, unresolved } = together(set, pick(port ?? {}, 'AppProtocol'));
    return {
      values,
      // the defaults depend on the port's protocol
      unresolved: [...unresolved, ...(port === undefined ? unset(values) : [])],
      at: `Properties.ServiceConnectConfiguration.Services.${index}.Timeout`,
      hop: readServiceConnect(values),
    };
  });
}

const unset = (values: Values): readonly string[] =>
  ['IdleTimeoutSeconds', 'PerRequestTimeoutSeconds'].filter((key) => values[key] === undefined);

function portOf({ properties, template }: Resource, name: unknown): Bag | undefined {
  const task = referred(properties.TaskDefinition, template);
  return list(task?.properties.ContainerDefinitions)
    .flatMap((container) => list(bag(container).PortMappings).map(bag))
    .find((port) => port.Name === name);
}

/** Amazon ECS: how containers are stopped and services replaced, and the proxy that may stand between them. */
export const ecsReaders = {
  'AWS::ECS::TaskDefinition': containers,
  'AWS::ECS::Service': service,
};
