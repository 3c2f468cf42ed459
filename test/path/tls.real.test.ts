import { execFile } from 'node:child_process';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { certificateFiles, createCertificate, writeCertificate } from '../support/certificate.ts';
import { freePort, startProgram, stopPrograms } from '../support/programs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

afterAll(stopPrograms);

test('npm start with a certificate says https, speaks HTTP/2 to curl, and takes a renewed one on SIGHUP', async () => {
  const port = await freePort();
  const files = certificateFiles(createCertificate('old'));
  const env = { PORT: String(port), REDIS_URL: '', TLS_CERT_FILE: files.certFile, TLS_KEY_FILE: files.keyFile };
  const service = startProgram(process.execPath, ['--import', 'tsx', 'service/main.ts'], env, root);
  await service.prints(/-d '\{.*\}'/);
  const url = `https://127.0.0.1:${port}`;
  const listening = startProgram('curl', ['-sNi', '--http2', '--cacert', files.certFile, `${url}/events?channel=a`]);
  await listening.prints(/^HTTP\/2 200.*event: stream:open/s);
  const body = ['-H', 'content-type: application/json', '-d', '{"data":1}'];
  const { stdout } = await run('curl', [
    '-si',
    '--http2',
    '--cacert',
    files.certFile,
    `${url}/channels/a/events`,
    ...body,
  ]);
  await listening.prints(/\ndata: 1\n/);

  expect(service.output()).toContain(url);
  expect(stdout).toMatch(/^HTTP\/2 202/);
  expect(listening.output()).not.toMatch(/^connection:/im);

  writeCertificate(files, createCertificate('new'));
  service.signal('SIGHUP');
  await service.prints(/certificate loaded/);
  const shown = await new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', { rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    }).on('error', reject);
  });
  expect(shown).toBe('new');
  service.signal('SIGINT');
  expect(await service.exited).toEqual({ code: 0, signal: null });
  await listening.prints(/event: stream:close/);
}, 60_000);
