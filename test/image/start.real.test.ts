import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { freePort, startProgram, stopPrograms, temporaryFolder } from '../support/programs.ts';
import { context, healthCommand, root, startCommand } from './parts.ts';

const run = promisify(execFile);

/** Node 24 runs TypeScript as it is; an older one gets the loader of this repository, and nothing else of it. */
const loader =
  Number(process.versions.node.split('.')[0]) >= 24
    ? []
    : ['--import', pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href];

/** A command of the Dockerfile, for this machine's Node. */
const here = ([, ...args]: readonly string[]): readonly string[] => [process.execPath, ...loader, ...args];

/** What makes a program the first process of its own namespace, as in a container. */
const isolate = ['unshare', '--fork', '--pid', '--mount-proc', '--kill-child'];
const mayIsolate = spawnSync(isolate[0] ?? '', [...isolate.slice(1), 'true']).status === 0;

let image: string;

beforeAll(async () => {
  image = temporaryFolder();
  for (const path of context.filter((one) => statSync(join(root, one)).isFile())) {
    mkdirSync(dirname(join(image, path)), { recursive: true });
    cpSync(join(root, path), join(image, path));
  }
  const install = /^RUN npm (.*)$/m.exec(readFileSync(join(root, 'service/Dockerfile'), 'utf8'))?.[1] ?? '';
  await run('npm', [...install.split(' '), '--prefer-offline'], { cwd: image });
}, 120_000);

afterAll(stopPrograms);

const listing = (): readonly string[] =>
  readdirSync(image, { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.startsWith('node_modules/'))
    .map((path) => `${path} ${statSync(join(image, path)).mtimeMs}`);

test('the install of the image has the service’s dependencies and none of the infrastructure', () => {
  const packages = readdirSync(join(image, 'node_modules'));

  expect(packages).toEqual(expect.arrayContaining(['fastify', 'ioredis', 'prom-client']));
  expect(packages.filter((name) => /^(aws-cdk|cdk8s|constructs|typescript|tsx|jest|zod)/.test(name))).toEqual([]);
});

test(`the image’s command starts, is found healthy, writes nothing and ends on SIGTERM ${
  mayIsolate ? 'as PID 1' : '(not as PID 1: this machine does not permit namespaces)'
}`, async () => {
  const port = String(await freePort());
  const before = listing();
  const [command = '', ...args] = [...(mayIsolate ? isolate : []), ...here(startCommand)];
  const env = { PORT: port, REDIS_URL: '', SSE_POLICY: '{"drainSeconds":1,"maxStreams":1000,"stickiness":"none"}' };
  const service = startProgram(command, args, env, image);
  await service.prints(/Server listening/);
  const healthy = await health(port);
  const stream = startProgram('curl', ['-sN', `http://127.0.0.1:${port}/events?channel=a`]);
  await stream.prints(/stream:open/);
  const pid = mayIsolate ? childOf(service.pid) : service.pid;
  process.kill(pid, 'SIGTERM');
  await stream.prints(/stream:close\ndata: \{"reason":"drain"\}/);

  expect(await service.exited).toEqual({ code: 0, signal: null });
  expect(healthy).toBe(0);
  expect(await health(port)).toBe(1);
  expect(listing()).toEqual(before);
}, 60_000);

test('the health check asks over TLS where the service has a certificate, and takes no other answer than 200', async () => {
  const folder = temporaryFolder();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=sse.example.com', '-days', '1'];
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject]);
  let status = 200;
  const answer: RequestListener = (request, response) => {
    response.writeHead(request.url === '/livez' ? status : 404).end();
  };
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = String((server.address() as AddressInfo).port);
  const healthy = await health(port, { TLS_CERT_FILE: cert, HOST: '0.0.0.0' });
  const withoutTls = await health(port);
  status = 503;
  const failing = await health(port, { TLS_CERT_FILE: cert });
  server.close();

  expect([healthy, withoutTls, failing]).toEqual([0, 1, 1]);
}, 60_000);

/** The exit status of the image's health check. */
async function health(port: string, env: Readonly<Record<string, string>> = {}): Promise<number> {
  const [command = '', ...args] = here(healthCommand);
  const check = startProgram(command, args, { PORT: port, ...env }, image);
  return (await check.exited).code ?? -1;
}

const childOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
