import { runInNewContext } from 'node:vm';
import { Template } from 'aws-cdk-lib/assertions';
import { only, stacks } from './stacks.ts';

const templateOf = (service: object) => Template.fromStack(stacks({ service }).service);
const template = templateOf({ maintenance: true, settings: { corsOrigins: ['https://app.example.com'] } });

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the function of the template answers, run as Lambda would. */
async function answerTo(headers: object): Promise<Answer> {
  const sandbox = { exports: {} as { handler?: (event: object) => Promise<Answer> }, Math };
  runInNewContext(only(template, 'AWS::Lambda::Function').Code.ZipFile, sandbox);
  return (await sandbox.exports.handler?.({ headers })) as Answer;
}

test('the answer is a stream that ends at once and brings its client back, ten times as late as usual', async () => {
  const { statusCode, headers, body } = await answerTo({});
  const [, retry] = /^retry: (\d+)\n\nevent: stream:close\ndata: \{"reason":"drain"\}\n\n$/.exec(body) ?? [];

  expect(statusCode).toBe(200);
  expect(headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-sse-soft-fail': 'draining' });
  expect(Number(retry)).toBeGreaterThanOrEqual(15_000);
  expect(Number(retry)).toBeLessThanOrEqual(45_000);
});

test('pages of other sites can read it, if they could read the stream', async () => {
  const origin = 'https://app.example.com';

  expect((await answerTo({ origin })).headers['access-control-allow-origin']).toBe(origin);
  expect((await answerTo({ origin: 'https://evil.example' })).headers).not.toHaveProperty(
    'access-control-allow-origin',
  );
});

test('it answers streams and nothing else, before any other rule', () => {
  expect(only(template, 'AWS::ElasticLoadBalancingV2::ListenerRule')).toMatchObject({
    Priority: 1,
    Conditions: [
      { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'Accept', Values: ['*text/event-stream*'] } },
    ],
  });
});

test('the function has no rights, and there is none while there is no maintenance', () => {
  const [role] = Object.values(template.findResources('AWS::IAM::Role')).filter(({ Properties }) =>
    JSON.stringify(Properties.AssumeRolePolicyDocument).includes('lambda'),
  );

  expect(role?.Properties).not.toHaveProperty('ManagedPolicyArns');
  expect(role?.Properties).not.toHaveProperty('Policies');
  templateOf({}).resourceCountIs('AWS::Lambda::Function', 0);
});
