import type { StreamPolicy } from '../../policy/index.ts';
import { fileHead } from '../proxies.ts';
import type { Files } from '../target.ts';
import { printYaml, type YamlItem, type YamlLine } from '../yaml.ts';
import {
  connection,
  keepaliveSeconds,
  keptErrors,
  managed,
  outageCodes,
  outageRetryMs,
  readTimeoutSeconds,
  streamPaths,
} from './values.ts';

/** The distribution as CloudFormation spells it, and what the second origin runs. */
export const cloudFrontFiles = (policy: StreamPolicy): Files => ({
  'distribution.yaml':
    fileHead('CloudFront: a distribution in front of the service', [
      'Properties.DistributionConfig of an AWS::CloudFront::Distribution. Write your domain names, VPC origin and',
      'access control where it says example. The soft-fail function is soft-fail.js.txt.',
    ]) + printYaml(distribution(policy)),
  'soft-fail.js.txt': softFailFunction(policy),
});

const distribution = (policy: StreamPolicy): readonly YamlLine[] => [
  { directive: 'Enabled: true' },
  {
    directive: 'HttpVersion: http2and3',
    why: 'over HTTP/1.1 a browser has six connections per origin, and each stream takes one for good',
  },
  { directive: 'Origins:', items: [balancerOrigin(policy), fallbackOrigin] },
  {
    directive: 'OriginGroups:',
    why: `while no replica answers, streams are answered by the second origin: 200 and a retry:. Any other status ends an EventSource for good. A group answers GET and HEAD only, so that a publish is never told 200 for a failure`,
    block: [
      { directive: 'Quantity: 1' },
      {
        directive: 'Items:',
        items: [
          {
            lines: [
              { directive: 'Id: streams-or-soft-fail' },
              {
                directive: 'FailoverCriteria:',
                block: [
                  {
                    directive: 'StatusCodes:',
                    block: [
                      { directive: `Quantity: ${outageCodes.length}` },
                      { directive: `Items: [${outageCodes.join(', ')}]` },
                    ],
                  },
                ],
              },
              {
                directive: 'Members:',
                block: [
                  { directive: 'Quantity: 2' },
                  {
                    directive: 'Items:',
                    items: [
                      { lines: [{ directive: 'OriginId: balancer' }] },
                      { lines: [{ directive: 'OriginId: soft-fail' }] },
                    ],
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
  },
  {
    directive: 'DefaultCacheBehavior:',
    why: 'everything but streams: publishing, tickets, long polls, WebSockets (which need all headers of the viewer)',
    block: [
      { directive: 'TargetOriginId: balancer' },
      { directive: 'AllowedMethods: [GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]' },
      ...passing(managed.allViewer, 'AllViewer: cookies, query and every header, Host among them'),
    ],
  },
  {
    directive: 'CacheBehaviors:',
    items: streamPaths.map((path) => ({
      lines: [
        { directive: `PathPattern: ${path}` },
        { directive: 'TargetOriginId: streams-or-soft-fail' },
        { directive: 'AllowedMethods: [GET, HEAD, OPTIONS]' },
        ...passing(
          managed.allViewerExceptHost,
          'AllViewerExceptHostHeader: Last-Event-ID, cookies and query arrive; Host does not, as the function answers to its own name only',
        ),
      ],
    })),
  },
  {
    directive: 'CustomErrorResponses:',
    why: "without these CloudFront keeps an error for ten seconds, no-store or not: one client's 403 becomes everybody's. There is no ResponsePagePath: error pages are for the whole distribution, and would tell publishers 200 for a 503",
    items: keptErrors.map((code) => ({
      lines: [{ directive: `ErrorCode: ${code}` }, { directive: 'ErrorCachingMinTTL: 0' }],
    })),
  },
];

/** What all behaviors of the service have in common. */
const passing = (requestPolicy: string, why: string): readonly YamlLine[] => [
  { directive: 'ViewerProtocolPolicy: redirect-to-https' },
  { directive: 'Compress: false', why: 'a compressor waits for more bytes before it lets any out' },
  {
    directive: `CachePolicyId: ${managed.cachingDisabled}`,
    why: 'CachingDisabled: no response is kept, and no request waits for the response to another',
  },
  { directive: `OriginRequestPolicyId: ${requestPolicy}`, why },
];

const balancerOrigin = (policy: StreamPolicy): YamlItem => ({
  lines: [
    { directive: 'Id: balancer' },
    { directive: 'DomainName: internal-streams.example.com' },
    {
      directive: `ConnectionAttempts: ${connection.attempts}`,
      why: 'a client waits for all of them before it is answered softly',
    },
    { directive: `ConnectionTimeout: ${connection.timeoutSeconds}` },
    {
      directive: 'VpcOriginConfig:',
      why: 'the balancer is internal: nobody goes around CloudFront. ResponseCompletionTimeout stays unset: it would end streams at that age, whatever flows. Origin Shield stays off: nothing is cached, and it would be one more hop',
      block: [
        { directive: 'VpcOriginId: vo_example' },
        {
          directive: `OriginReadTimeout: ${readTimeoutSeconds(policy)}`,
          why: 'seconds until the first byte, and between any two packets: silence for longer cuts the stream',
          from: ['idleSeconds'],
        },
        {
          directive: `OriginKeepaliveTimeout: ${keepaliveSeconds(policy)}`,
          why: 'an idle connection is dropped before the balancer drops it, whose idle timeout is idleSeconds',
          from: ['idleSeconds'],
        },
      ],
    },
  ],
});

const fallbackOrigin: YamlItem = {
  lines: [
    { directive: 'Id: soft-fail' },
    { directive: 'DomainName: example.lambda-url.eu-central-1.on.aws' },
    {
      directive: 'OriginAccessControlId: EXAMPLE',
      why: 'of type lambda, so that the function answers CloudFront only',
    },
    {
      directive: 'CustomOriginConfig:',
      block: [{ directive: 'OriginProtocolPolicy: https-only' }, { directive: 'OriginSSLProtocols: [TLSv1.2]' }],
    },
  ],
};

/** The second origin: a Lambda function behind a function URL. */
export function softFailFunction(policy: StreamPolicy): string {
  const { least, most } = outageRetryMs(policy);
  return `// CloudFront's second origin while no replica answers: an event stream that is empty but for a retry:, and ends.
// index.js of a Lambda function on Node. Rendered from the stream policy; change the policy, not the numbers here.

// milliseconds (retryMs, retryJitter). The longest is ten times the usual one: Lambda answers ten requests a second for
// each unit of its concurrency, and all clients come.
const least = ${least};
const most = ${most};
const cursor = /^[A-Za-z0-9._-]{1,128}$/;
// origins of pages of another site that may read, with commas between them, as the service has them
const origins = (process.env.CORS_ORIGINS ?? '').split(',').filter((origin) => origin !== '');

exports.handler = async ({ headers = {} }) => {
  const retry = Math.round(least + Math.random() * (most - least));
  const headersOfBoth = {
    'cache-control': 'no-cache, no-transform',
    'x-sse-soft-fail': 'upstream',
    vary: 'origin',
    ...(origins.includes(headers.origin) && {
      'access-control-allow-origin': headers.origin,
      'access-control-allow-credentials': 'true',
    }),
  };
  // only who asks for a stream by name is answered softly
  if (!/text\\/event-stream/.test(headers.accept ?? ''))
    return { statusCode: 503, headers: { ...headersOfBoth, 'retry-after': String(Math.ceil(retry / 1000)) }, body: '' };
  // some clients forget their cursor when a response begins without one
  const last = headers['last-event-id'] ?? '';
  const id = cursor.test(last) ? 'id: ' + last + '\\n' : '';
  const body = 'retry: ' + retry + '\\n' + id + 'event: stream:close\\ndata: {"reason":"overloaded"}\\n\\n';
  return { statusCode: 200, headers: { ...headersOfBoth, 'content-type': 'text/event-stream' }, body };
};
`;
}
