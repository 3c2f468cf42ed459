import { policyToEnv, type StreamPolicy } from '../policy/index.ts';
import { ecs, elasticache, kubernetes } from '../targets/index.ts';
import { nginxOpenFiles } from '../targets/nginx/files.ts';

/** Ports of the replicas, as nginx/sse-kit.http.conf has them. */
const ports = [8081, 8082];

/**
 * The files of the Compose project: nginx with the files of nginx/ unchanged, two replicas, and Valkey.
 *
 * @throws PolicyError when a target whose numbers are used cannot express the policy.
 */
export const composeFiles = (policy: StreamPolicy): Readonly<Record<string, string>> => ({
  'compose.yaml': `${[head, shared(policy), 'services:', nginx(policy), ...ports.map(replica), store(policy), foot].join('\n')}\n`,
});

const head = `# nginx, two replicas and a store on one machine: docker compose up --build
# Then open http://127.0.0.1:8080, or: curl -N 'http://127.0.0.1:8080/events?channel=hello'
#
# Rendered from the stream policy by \`npm run render\`; change the policy, not the numbers here.
#
# The replicas share nginx's network, as containers of a pod do. So the files of nginx/ fit as they are, the replicas
# listen on a loopback that nobody but nginx can reach, and no address changes when a replica is replaced. The price:
# whoever restarts nginx restarts the replicas too ("docker compose restart" does so by itself). For another
# configuration of nginx a reload is enough: docker compose exec nginx nginx -s reload
# A new version, one replica after the other: docker compose up --build -d replica-8081, then replica-8082.
`;

function shared(policy: StreamPolicy): string {
  const { pod } = kubernetes.render(policy);
  const { container } = ecs.render(policy);
  return `x-locked: &locked
  restart: unless-stopped
  # nobody needs to write outside of what is mounted, to gain rights or to have any
  read_only: true
  cap_drop: [ALL]
  security_opt: ['no-new-privileges:true']
  # logs of streams are many; without a limit they fill the disk
  logging: { driver: json-file, options: { max-size: 10m, max-file: '3' } }

x-replica: &replica
  <<: *locked
  build: { context: ., dockerfile: service/Dockerfile }
  image: sse-kit-service
  network_mode: service:nginx
  depends_on:
    nginx: { condition: service_started, restart: true }
    store: { condition: service_healthy }
  # SIGTERM hands the streams over, evenly; SIGKILL after this (propagationSeconds, drainSeconds)
  stop_grace_period: ${pod.terminationGracePeriodSeconds}s
  # each stream is an open file; a fifth on top for the store, logs and probes (maxStreams)
  ulimits: { nofile: ${container.nofile} }

x-environment: &environment
  REDIS_URL: redis://store:6379
  # nginx is the only one that gets here, and what it says of clients is true
  TRUST_PROXY: 'true'
  # the whole policy, as the service reads it
  SSE_POLICY: ${quoted(policyToEnv(policy).SSE_POLICY)}
`;
}

const nginx = (policy: StreamPolicy): string => `  nginx:
    <<: *locked
    image: nginx:1.28-bookworm
    # the image's own account; Docker lets it listen on port 80
    user: '101:101'
    # logs go where "docker compose logs" finds them
    entrypoint:
      - sh
      - -c
      - ln -sf /dev/stdout /var/log/nginx/sse-kit.log && exec nginx -e stderr -g 'daemon off;'
    ports: ['127.0.0.1:8080:80']
    networks: [edge, inside]
    volumes:
      - ./nginx/example.conf:/etc/nginx/nginx.conf:ro
      - ./nginx/sse-kit.http.conf:/etc/nginx/sse-kit.http.conf:ro
      - ./nginx/sse-kit.location.conf:/etc/nginx/sse-kit.location.conf:ro
    tmpfs: [/run, /var/cache/nginx, /var/log/nginx]
    # worker_rlimit_nofile of nginx/example.conf: two sockets per stream (maxStreams)
    ulimits: { nofile: ${nginxOpenFiles(policy)} }
    healthcheck:
      # any answer will do: while no replica is there, nginx turns streams away softly, and that is its work
      test: [CMD, curl, -s, -o, /dev/null, 'http://127.0.0.1/livez']
      interval: 5s
      timeout: 5s
`;

const replica = (port: number): string => `  replica-${port}:
    <<: *replica
    environment:
      <<: *environment
      PORT: '${port}'
      REPLICA: replica-${port}
`;

function store(policy: StreamPolicy): string {
  const { parameters } = elasticache.render(policy);
  const limit = ['hard-limit', 'soft-limit', 'soft-seconds'].map(
    (name) => parameters[`client-output-buffer-limit-pubsub-${name}`],
  );
  return `  store:
    <<: *locked
    image: valkey/valkey:8.1-bookworm
    user: '999:999'
    command:
      - valkey-server
      # a restart keeps the history, but for its last second; snapshots would lose minutes
      - --appendonly yes
      - --save ""
      # a full store refuses publishes, loudly; an evicting one loses history in silence
      - --maxmemory 512mb
      - --maxmemory-policy ${parameters['maxmemory-policy']}
      # a replica this far behind is cut off and resumes from the log (maxEventBytes)
      - --client-output-buffer-limit pubsub ${limit.join(' ')}
    # no password: nothing but the replicas is on this network
    networks: [inside]
    volumes: [history:/data]
    # twice what it keeps: rewriting the log copies what changes meanwhile
    mem_limit: 1g
    healthcheck:
      test: [CMD, valkey-cli, ping]
      interval: 5s
      timeout: 5s
`;
}

const foot = `networks:
  edge:
  # no way out, and no way in but through a container that is on it
  inside: { internal: true }

volumes:
  history:`;

/** A string in single quotes, as YAML reads it; Compose would take a dollar for a variable. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''").replaceAll('$', '$$$$')}'`;
