import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { startService, stopServices } from '../../support/service.ts';

afterEach(stopServices);

const inside = (html: string, tag: string): string => html.split(`<${tag}>`)[1]?.split(`</${tag}>`)[0] ?? '';
const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

test('the dashboard’s page runs its own script and no other, and asks nobody else for anything', async () => {
  const { url } = await startService({}, { patterns: ['dashboard'] });
  const page = await fetch(`${url}/dashboard`);
  const html = await page.text();
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(policy.split('; ')).toEqual([
    "default-src 'none'",
    "connect-src 'self'",
    `script-src ${hashOf(inside(html, 'script'))}`,
    `style-src ${hashOf(inside(html, 'style'))}`,
  ]);
  expect(() => new Script(inside(html, 'script'))).not.toThrow();
  // the one is a name, not an address
  expect(html.match(/https?:\/\/[^'"]+/g)).toEqual(['http://www.w3.org/2000/svg', 'http://www.w3.org/2000/svg']);
  expect(html).not.toMatch(/\son\w+=|\sstyle=|innerHTML/);
});

test('there is no such page where the dashboard is not switched on', async () => {
  const { url } = await startService();
  expect((await fetch(`${url}/dashboard`)).status).toBe(404);
});
