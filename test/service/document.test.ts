import { operations } from '../../service/api/operations.ts';
import { patternNames } from '../../service/patterns/settings.ts';
import { startService, stopServices } from '../support/service.ts';

afterEach(stopServices);

const everything = { patterns: patternNames };

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: object }[];
  readonly responses?: Readonly<Record<string, { readonly description?: string }>>;
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

async function documentOf(url: string): Promise<Document> {
  return (await (await fetch(`${url}/openapi.json`)).json()) as Document;
}

const operationsIn = ({ paths }: Document): [string, Operation][] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );

/** Every `$ref` in a document. */
function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => (key === '$ref' ? [String(one)] : refsIn(one)));
}

describe('GET /openapi.json', () => {
  test('names exactly the routes that there are, but for pages, and all that the table describes', async () => {
    const { url, app } = await startService({}, everything);
    const named = operationsIn(await documentOf(url)).map(([name]) => name);

    expect([...named].sort()).toEqual(Object.keys(operations).sort());
    // where two routes name the same place in a path differently, Fastify prints both names
    const nameless = (name: string): string => name.replace(/\{[^/]+\}/g, '{}');
    const routes = routesOf(app.printRoutes({ commonPrefix: false }));
    expect(named.map(nameless).sort()).toEqual(routes.map(nameless).sort());
  });

  test('says of each what it is for, what it takes and what it answers with', async () => {
    const { url } = await startService({}, everything);
    const found = operationsIn(await documentOf(url));
    for (const [name, { summary, tags, parameters = [], responses = {} }] of found) {
      expect([name, summary?.length]).toEqual([name, expect.any(Number)]);
      expect([name, tags?.length]).toEqual([name, 1]);
      const inPath = parameters.filter((one) => one.in === 'path').map((one) => one.name);
      expect([name, inPath]).toEqual([name, [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter)]);
      expect([name, Object.keys(responses).filter((status) => /^[123]\d\d$/.test(status)).length]).not.toContain(0);
      for (const { description } of Object.values(responses)) expect([name, description]).not.toContain(undefined);
    }
  });

  test('takes parameters from what the routes check', async () => {
    const { url } = await startService({ idleSeconds: 40 });
    const { parameters = [] } = (await documentOf(url)).paths['/events/poll']?.get ?? {};
    expect(parameters.map(({ name }) => name)).toEqual(['channel', 'type', 'lastEventId', 'cursor', 'wait']);
    expect(parameters.at(-1)).toMatchObject({ in: 'query', schema: { minimum: 0, maximum: 35, default: 25 } });
  });

  test('is a document of OpenAPI 3.1 whose references lead somewhere', async () => {
    const { url } = await startService();
    const document = await documentOf(url);
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: 'sse-kit', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
    for (const ref of refsIn(document)) {
      const [root, section = '', kind = '', name = ''] = ref.split('/');
      expect([root, section]).toEqual(['#', 'components']);
      expect(document.components[kind]).toHaveProperty([name]);
    }
    for (const scheme of document.security.flatMap((one) => Object.keys(one)))
      expect(document.components.securitySchemes).toHaveProperty([scheme]);
  });
});

describe('GET /docs', () => {
  test('is a page of its own files only, and says so to the browser', async () => {
    const { url } = await startService();
    for (const path of ['/docs', '/docs/']) {
      const page = await fetch(`${url}${path}`);
      const html = await page.text();
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self';");
      // no script in the page itself, and nothing from elsewhere
      expect(html.match(/<script(?! src=)/)).toBeNull();
      const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file = '']) => new URL(file, page.url));
      expect(files.length).toBeGreaterThan(3);
      for (const file of files) {
        expect(file.origin).toBe(url);
        expect((await fetch(file, { method: 'HEAD' })).status).toBe(200);
      }
    }
    expect(await (await fetch(`${url}/docs/json`)).json()).toEqual(await documentOf(url));
  });
});

/** The routes that Fastify has printed as a tree, as the document would name them. */
function routesOf(tree: string): string[] {
  const found: string[] = [];
  const above: string[] = [];
  for (const line of tree.split('\n')) {
    const [, indent = '', path = '', methods = ''] = /^([│ ]*[├└]── )(\S*) ?(?:\(([A-Z, ]+)\))?$/.exec(line) ?? [];
    if (path === '') continue;
    const depth = indent.length / 4 - 1;
    above.splice(depth, above.length, path);
    const whole = above.join('').replace(/:(\w+)/g, '{$1}');
    const page = whole === '/' || ['/openapi.json', '/dashboard'].includes(whole) || whole.startsWith('/docs');
    for (const method of methods.split(', ').filter((one) => one !== '' && one !== 'HEAD' && one !== 'OPTIONS'))
      if (!page) found.push(`${method} ${whole}`);
  }
  return found;
}
