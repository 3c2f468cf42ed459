import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { elasticache, storeRights } from '../../../lib/targets/index.ts';

const page = (name: string): string => readFileSync(join(__dirname, '../../../docs', name), 'utf8');

test('the rights are the line of the decision record, which the service is seen to get by with', () => {
  expect(page('decisions/10-redis.md')).toContain(`\n\`${storeRights()}\`\n`);
});

test('patterns add the line of their page', () => {
  const more = storeRights(true).slice(storeRights().length + 1);

  expect(page('patterns.md')).toContain(`\`${more}\``);
});

test('a store that is set up by nobody evicts, and so does a serverless one at its limit', () => {
  expect(elasticache.read({ parameters: {} }).evictsHistory).toEqual({
    value: true,
    setting: 'maxmemory-policy=volatile-lru',
  });
  expect(elasticache.read({ parameters: {}, serverless: { 'DataStorage.Maximum': 10 } }).evictsHistory?.value).toBe(
    true,
  );
  expect(elasticache.read({ parameters: {}, serverless: {} }).evictsHistory?.value).toBe(false);
});
