/**
 * For cdk8s apps of one's own: `new StreamChart(app, 'streams', { kubernetes: { host: 'sse.example.com' } })`. Give the
 * app `yamlOutputType: YamlOutputType.FILE_PER_APP`, or `cdk8s synth -p` prints several charts without a separator.
 */
export { DevelopmentStore } from './store.ts';
export { StreamChart, type StreamChartProps } from './stream-chart.ts';
