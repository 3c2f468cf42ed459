import { ApiObject, App, Chart, YamlOutputType } from 'cdk8s';
import { StreamChart } from '../../../k8s/index.ts';

/** What somebody else's cdk8s app makes of the construct: two releases beside a chart of their own. */
const app = new App({ yamlOutputType: YamlOutputType.FILE_PER_APP });
const image = 'registry.test/sse:1.2.3';

const live = new StreamChart(app, 'live', {
  policy: { heartbeatSeconds: 15 },
  service: { image, replicas: { min: 3, max: 12 } },
  kubernetes: { name: 'live', namespace: 'live', host: 'live.test', tlsSecret: 'live-tls' },
});
live.deployment.metadata.addLabel('example.com/team', 'live');

new StreamChart(app, 'demo', {
  service: { image, allowAnonymous: true },
  kubernetes: { name: 'demo', namespace: 'demo', host: 'demo.test', autoscaling: 'none' },
});

const own = new Chart(app, 'own', { disableResourceNameHashes: true });
new ApiObject(own, 'settings', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'y' }, data: { a: 'on' } });

app.synth();
