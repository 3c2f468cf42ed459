import { marginSeconds, policyRule } from '../policy/index.ts';
import { cloudFrontFiles } from './cloudfront/files.ts';
import { readCloudFront } from './cloudfront/read.ts';
import { keepaliveSeconds, timeoutLimit } from './cloudfront/values.ts';
import { defineTarget, type Files } from './target.ts';

export { leadsToService } from './cloudfront/read.ts';
/** The numbers and names of the distribution, for who builds one by other means than our files. */
export * as cloudFrontValues from './cloudfront/values.ts';

const byService = { because: 'done by the service' };
const mostIdle = timeoutLimit.most;

/** AWS CloudFront in front of an Application Load Balancer: settings to copy, and any distribution read back. */
export const cloudfront = defineTarget<Files>({
  id: 'cloudfront',
  title: 'AWS CloudFront',
  coverage: {
    heartbeatSeconds: { because: 'written by the service; CloudFront only has to wait long enough, see idleSeconds' },
    missedHeartbeats: { because: 'part of what idleSeconds must exceed' },
    idleSeconds: { as: 'OriginReadTimeout, OriginKeepaliveTimeout' },
    maxStreamAgeSeconds: { because: 'ResponseCompletionTimeout is unset, which is no limit' },
    maxStreamAgeJitter: { because: 'ResponseCompletionTimeout is unset, which is no limit' },
    retryMs: { as: 'soft-fail.js.txt: least, most' },
    retryJitter: { as: 'soft-fail.js.txt: least, most' },
    propagationSeconds: { because: 'knows no replicas; see the alb target' },
    drainSeconds: { because: 'knows no replicas' },
    replaySeconds: byService,
    replayMaxEvents: byService,
    maxEventBytes: { because: 'packets are passed on as they come' },
    slowClientBytes: byService,
    maxStreams: { because: 'scales by itself; quotas are per distribution, not per replica' },
    maxStreamsPerUser: { because: 'HTTP/2 streams per connection are fixed, and by HTTP/1.1 the browser decides' },
    connectRatePerSecond: { because: 'enforced by the service; a refusal of CloudFront would end an EventSource' },
    keepAliveSeconds: { because: 'the balancer stands between CloudFront and the service' },
    stickiness: { because: "passes the balancer's cookie on; see the alb target" },
  },
  limits: [
    policyRule({
      id: 'cloudfront-read-timeout',
      why: 'CloudFront refuses other values, and CDK passes them on unchecked',
      source: 'docs.aws.amazon.com/cloudfront: VpcOriginConfig, OriginReadTimeout 1 to 120 unless a quota is raised',
      fields: ['idleSeconds'],
      broken: ({ idleSeconds }) =>
        idleSeconds > mostIdle &&
        `idleSeconds (${idleSeconds}) must be at most ${mostIdle}, the limit of CloudFront's OriginReadTimeout; lower idleSeconds to ${mostIdle}`,
    }),
    policyRule({
      id: 'cloudfront-keepalive-timeout',
      why: 'CloudFront refuses other values',
      source: 'docs.aws.amazon.com/cloudfront: VpcOriginConfig, OriginKeepaliveTimeout 1 to 120',
      fields: ['idleSeconds'],
      broken: (policy) =>
        keepaliveSeconds(policy) < timeoutLimit.least &&
        `idleSeconds (${policy.idleSeconds}) − ${marginSeconds} s must be at least ${timeoutLimit.least}, the least OriginKeepaliveTimeout; raise idleSeconds to ${timeoutLimit.least + marginSeconds}`,
    }),
  ],
  render: cloudFrontFiles,
  read: (files) => readCloudFront(files),
  files: cloudFrontFiles,
});
