import type { Manifest } from './chart.ts';

interface Context {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly seccompProfile?: { readonly type?: string };
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly privileged?: boolean;
  readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
}

interface Pod {
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly automountServiceAccountToken?: boolean;
  readonly securityContext?: Context;
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
  readonly containers: readonly {
    readonly name: string;
    readonly securityContext?: Context;
    readonly ports?: readonly { readonly hostPort?: number }[];
  }[];
}

const volumeKinds = [
  'configMap',
  'secret',
  'emptyDir',
  'downwardAPI',
  'projected',
  'persistentVolumeClaim',
  'csi',
  'ephemeral',
];

/**
 * What the restricted pod security standard, or the two habits beside it (a read-only root, no token), would object to
 * in the pods of a manifest (kubernetes.io/docs/concepts/security/pod-security-standards).
 */
export function objections(manifest: Manifest): readonly string[] {
  const { spec: pod } = (manifest as unknown as { spec: { template: { spec: Pod } } }).spec.template;
  const ofPod: Readonly<Record<string, boolean>> = {
    'shares a namespace of the host': Boolean(pod.hostNetwork || pod.hostPID || pod.hostIPC),
    'has a token': pod.automountServiceAccountToken !== false,
    'mounts a volume of another kind': (pod.volumes ?? []).some(
      ({ name: _, ...source }) => !Object.keys(source).every((kind) => volumeKinds.includes(kind)),
    ),
  };
  return [
    ...named(ofPod, manifest.kind),
    ...pod.containers.flatMap(({ name, securityContext, ports = [] }) => {
      const context = { ...pod.securityContext, ...securityContext };
      return named(
        {
          'may be root': context.runAsNonRoot !== true || context.runAsUser === 0 || context.runAsUser === undefined,
          'has no seccomp profile': !['RuntimeDefault', 'Localhost'].includes(context.seccompProfile?.type ?? ''),
          'may gain privileges': context.allowPrivilegeEscalation !== false || context.privileged === true,
          'keeps capabilities': !context.capabilities?.drop?.includes('ALL') || Boolean(context.capabilities.add),
          'may write to its root': context.readOnlyRootFilesystem !== true,
          'takes a port of the host': ports.some(({ hostPort }) => hostPort !== undefined),
        },
        `${manifest.kind} ${name}`,
      );
    }),
  ];
}

const named = (faults: Readonly<Record<string, boolean>>, who: string): readonly string[] =>
  Object.entries(faults).flatMap(([fault, is]) => (is ? [`${who} ${fault}`] : []));
