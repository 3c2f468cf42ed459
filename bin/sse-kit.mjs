#!/usr/bin/env node
// Plain JavaScript, because it is what runs before TypeScript can: npx sse-kit … works from a clone, nothing is built.
import { register } from 'tsx/esm/api';

register();
const { main } = await import('../lib/cli/main.ts');

// `sse-kit render all | head` closes the pipe early; that is no error
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 2));

process.exitCode = await main(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
});
