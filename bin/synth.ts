import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { loadConfig } from '../lib/config/load.ts';
import { PolicyError } from '../lib/policy/index.ts';

/** `npm run synth`: what the configuration enables, stacks first. The CDK command fails for an app without stacks. */
const tools = {
  aws: { package: 'aws-cdk', args: ['synth', '--quiet'] },
  kubernetes: { package: 'cdk8s-cli', args: ['synth', '--stdout', '--no-check-upgrade'] },
} as const;

/** The program of an installed package, by its manifest: found on every platform, without a shell. */
function programOf(name: string): string {
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
  const { bin } = createRequire(import.meta.url)(manifest) as { bin: Record<string, string> };
  return join(dirname(manifest), Object.values(bin)[0] ?? '');
}

try {
  const config = loadConfig();
  for (const [section, tool] of Object.entries(tools)) {
    if (!config[section as keyof typeof tools].enabled) continue;
    const { status } = spawnSync(process.execPath, [programOf(tool.package), ...tool.args], { stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  }
} catch (error) {
  if (!(error instanceof PolicyError)) throw error;
  console.error(error.message);
  process.exit(1);
}
