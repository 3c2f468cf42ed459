import type { Release } from './release.ts';

/** Where the pods find the certificate of `podTlsSecret`, by the keys that a Secret of type kubernetes.io/tls has. */
export const tlsFiles = {
  folder: '/etc/sse-kit/tls',
  cert: '/etc/sse-kit/tls/tls.crt',
  key: '/etc/sse-kit/tls/tls.key',
};

const caFolder = '/etc/sse-kit/redis';

/** Where they find the authority that has signed the certificate of Redis. */
export const caFile = `${caFolder}/ca.crt`;

interface Files {
  /** Of the pod, as in the API. */
  readonly volumes: readonly object[];
  /** Of the container. */
  readonly mounts: readonly object[];
}

/** The volumes of a pod: the files that variables name, and those of the configuration. */
export function podFiles({ kubernetes: { podTlsSecret, redis, volumes } }: Release): Files {
  const ours = [
    ...(podTlsSecret
      ? [
          {
            name: 'sse-kit-tls',
            mountPath: tlsFiles.folder,
            readOnly: true,
            source: { secret: { secretName: podTlsSecret } },
          },
        ]
      : []),
    ...(redis.caKey
      ? [
          {
            name: 'sse-kit-redis-ca',
            mountPath: caFolder,
            readOnly: true,
            source: { secret: { secretName: redis.secret, items: [{ key: redis.caKey, path: 'ca.crt' }] } },
          },
        ]
      : []),
  ];
  const all = [...ours, ...volumes];
  return {
    volumes: all.map(({ name, source }) => ({ name, ...source })),
    mounts: all.map(({ name, mountPath, readOnly }) => ({ name, mountPath, readOnly })),
  };
}
