import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';

/**
 * Lets a chart through Helm unchanged: its templates would take the double braces of Prometheus and Grafana for their
 * own. A raw string is how a Go template prints braces.
 */
export function forHelm(chart: Construct): void {
  for (const object of chart.node.findAll().filter((node) => ApiObject.isApiObject(node))) {
    const render = object.toJson.bind(object);
    object.toJson = () => JSON.parse(JSON.stringify(render()).replaceAll('{{', '{{`{{`}}'));
  }
}
