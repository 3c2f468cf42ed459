import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { definePolicy } from '../../../lib/policy/index.ts';
import { cloudfront } from '../../../lib/targets/index.ts';

test('the page names every file there is', () => {
  const page = readFileSync(join(__dirname, '../../../proxies/cloudfront/README.md'), 'utf8');

  expect(Object.keys(cloudfront.files(definePolicy())).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
