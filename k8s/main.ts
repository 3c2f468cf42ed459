import { App, YamlOutputType } from 'cdk8s';
import { type KitConfig, loadConfig } from '../lib/config/load.ts';
import { PolicyError } from '../lib/policy/index.ts';
import { forHelm } from './helm.ts';
import { StreamChart } from './stream-chart.ts';

try {
  synth(loadConfig());
} catch (error) {
  if (!(error instanceof PolicyError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function synth({ policy, service, kubernetes }: KitConfig): void {
  // One file for all charts: with one file each, `cdk8s synth -p` would print them without a separator between them.
  const app = new App({ yamlOutputType: YamlOutputType.FILE_PER_APP });
  if (kubernetes.enabled) {
    const chart = new StreamChart(app, 'stream', { policy, service, kubernetes });
    // options of the CLI may stand in the environment, and only there does the app see them
    if (process.env.CDK8S_FORMAT === 'helm') forHelm(chart);
  } else console.error('kubernetes.enabled (false) leaves nothing to synthesize; set it to true for the chart');
  app.synth();
}
