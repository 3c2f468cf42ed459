import { type KeyTable, number, oneOf, text, trueOrFalse } from '../vendor/accepts.ts';

/**
 * Attributes of Elastic Load Balancing v2 and what they take, as listed in the CloudFormation reference for
 * LoadBalancerAttribute, TargetGroupAttribute and ListenerAttribute (aws-cdk-lib 2.276 carries the same text). An
 * attribute that a kind of balancer does not have is refused by the API, not ignored.
 */
export const balancerKinds = ['application', 'network', 'gateway'] as const;
export type BalancerKind = (typeof balancerKinds)[number];

const everyBalancer: KeyTable = {
  'deletion_protection.enabled': trueOrFalse,
  'load_balancing.cross_zone.enabled': trueOrFalse,
};

const applicationAndNetwork: KeyTable = {
  'access_logs.s3.enabled': trueOrFalse,
  'access_logs.s3.bucket': text,
  'access_logs.s3.prefix': text,
  'ipv6.deny_all_igw_traffic': trueOrFalse,
  'zonal_shift.config.enabled': trueOrFalse,
};

export const balancerAttributes: Readonly<Record<BalancerKind, KeyTable>> = {
  application: {
    ...everyBalancer,
    ...applicationAndNetwork,
    'idle_timeout.timeout_seconds': number(1, 4000),
    'client_keep_alive.seconds': number(60, 604_800),
    'connection_logs.s3.enabled': trueOrFalse,
    'connection_logs.s3.bucket': text,
    'connection_logs.s3.prefix': text,
    'health_check_logs.s3.enabled': trueOrFalse,
    'health_check_logs.s3.bucket': text,
    'health_check_logs.s3.prefix': text,
    'routing.http.desync_mitigation_mode': oneOf('monitor', 'defensive', 'strictest'),
    'routing.http.drop_invalid_header_fields.enabled': trueOrFalse,
    'routing.http.preserve_host_header.enabled': trueOrFalse,
    'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': trueOrFalse,
    'routing.http.xff_client_port.enabled': trueOrFalse,
    'routing.http.xff_header_processing.mode': oneOf('append', 'preserve', 'remove'),
    'routing.http2.enabled': trueOrFalse,
    'waf.fail_open.enabled': trueOrFalse,
  },
  network: {
    ...everyBalancer,
    ...applicationAndNetwork,
    'dns_record.client_routing_policy': oneOf(
      'availability_zone_affinity',
      'partial_availability_zone_affinity',
      'any_availability_zone',
    ),
    'secondary_ips.auto_assigned.per_subnet': number(0, 7),
  },
  gateway: everyBalancer,
};

const everyTargetGroup: KeyTable = {
  'deregistration_delay.timeout_seconds': number(0, 3600),
  'stickiness.enabled': trueOrFalse,
};

/** The number of targets has no other bound than the quota, which is the account's. */
const mostTargets = 1_000_000;

const groupHealth: KeyTable = {
  'load_balancing.cross_zone.enabled': oneOf('true', 'false', 'use_load_balancer_configuration'),
  'target_group_health.dns_failover.minimum_healthy_targets.count': number(1, mostTargets, 'off'),
  'target_group_health.dns_failover.minimum_healthy_targets.percentage': number(1, 100, 'off'),
  'target_group_health.unhealthy_state_routing.minimum_healthy_targets.count': number(1, mostTargets),
  'target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage': number(1, 100, 'off'),
};

const cookieSeconds = number(1, 604_800);
const failover = oneOf('rebalance', 'no_rebalance');

export const targetGroupAttributes: Readonly<Record<BalancerKind | 'lambda', KeyTable>> = {
  application: {
    ...everyTargetGroup,
    ...groupHealth,
    'stickiness.type': oneOf('lb_cookie', 'app_cookie'),
    'stickiness.app_cookie.cookie_name': text,
    'stickiness.app_cookie.duration_seconds': cookieSeconds,
    'stickiness.lb_cookie.duration_seconds': cookieSeconds,
    'load_balancing.algorithm.type': oneOf('round_robin', 'least_outstanding_requests', 'weighted_random'),
    'load_balancing.algorithm.anomaly_mitigation': oneOf('on', 'off'),
    'slow_start.duration_seconds': number(30, 900, '0'),
  },
  network: {
    ...everyTargetGroup,
    ...groupHealth,
    'stickiness.type': oneOf('source_ip'),
    'deregistration_delay.connection_termination.enabled': trueOrFalse,
    'preserve_client_ip.enabled': trueOrFalse,
    'proxy_protocol_v2.enabled': trueOrFalse,
    'target_health_state.unhealthy.connection_termination.enabled': trueOrFalse,
    'target_health_state.unhealthy.draining_interval_seconds': number(0, 360_000),
  },
  gateway: {
    ...everyTargetGroup,
    'stickiness.type': oneOf('source_ip_dest_ip', 'source_ip_dest_ip_proto'),
    'target_failover.on_deregistration': failover,
    'target_failover.on_unhealthy': failover,
  },
  lambda: {
    ...groupHealth,
    'stickiness.enabled': trueOrFalse,
    'stickiness.type': oneOf('lb_cookie', 'app_cookie'),
    'stickiness.lb_cookie.duration_seconds': cookieSeconds,
    'lambda.multi_value_headers.enabled': trueOrFalse,
  },
};

const headerKeys = (direction: string, part: string, names: readonly string[]): KeyTable =>
  Object.fromEntries(names.map((name) => [`routing.http.${direction}.${name}.${part}`, text]));

const tcpIdle: KeyTable = { 'tcp.idle_timeout.seconds': number(60, 6000) };

export const listenerAttributes: Readonly<Record<BalancerKind, KeyTable>> = {
  application: {
    ...headerKeys('request', 'header_name', [
      'x_amzn_mtls_clientcert_serial_number',
      'x_amzn_mtls_clientcert_issuer',
      'x_amzn_mtls_clientcert_subject',
      'x_amzn_mtls_clientcert_validity',
      'x_amzn_mtls_clientcert_leaf',
      'x_amzn_mtls_clientcert',
      'x_amzn_tls_version',
      'x_amzn_tls_cipher_suite',
    ]),
    'routing.http.response.server.enabled': trueOrFalse,
    ...headerKeys('response', 'header_value', [
      'strict_transport_security',
      'access_control_allow_origin',
      'access_control_allow_methods',
      'access_control_allow_headers',
      'access_control_allow_credentials',
      'access_control_expose_headers',
      'access_control_max_age',
      'content_security_policy',
      'x_content_type_options',
      'x_frame_options',
    ]),
  },
  network: tcpIdle,
  gateway: tcpIdle,
};

/** The kind of balancer by the protocol of its listener or target group (ELB v2 API, ProtocolEnum). */
export const kindOfProtocol: Readonly<Record<string, BalancerKind>> = {
  HTTP: 'application',
  HTTPS: 'application',
  TCP: 'network',
  TLS: 'network',
  UDP: 'network',
  TCP_UDP: 'network',
  QUIC: 'network',
  TCP_QUIC: 'network',
  GENEVE: 'gateway',
};

const freeTexts: readonly string[] = [balancerAttributes, targetGroupAttributes, listenerAttributes]
  .flatMap((tables) => Object.values<KeyTable>(tables))
  .flatMap((table) => Object.entries(table))
  .filter(([, accepts]) => accepts.kind === 'text')
  .map(([key]) => key);

/** Names and prefixes that can be anything: nothing depends on what they are. */
export const isFreeText = (key: string): boolean => freeTexts.includes(key);
