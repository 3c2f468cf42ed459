import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deliverables } from '../lib/docs/deliverables.ts';

/** Rewrites the committed files that are rendered, and names those that have changed. */
const root = join(import.meta.dirname, '..');

const read = (path: string): string => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '');

for (const [path, text] of Object.entries(deliverables(read('README.md')))) {
  if (read(path) === text) continue;
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(path);
}
