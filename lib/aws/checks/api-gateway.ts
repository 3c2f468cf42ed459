import { readApiGatewayMethod } from '../../targets/index.ts';
import type { Reading } from './reading.ts';
import { bag, type Resource } from './template.ts';
import { pick } from './values.ts';

/** Only methods that stream: all others answer in one piece, and are no hop of a stream. */
function method({ properties }: Resource): readonly Reading[] {
  const integration = bag(properties.Integration);
  if (integration.ResponseTransferMode !== 'STREAM') return [];
  const read = pick(integration, 'TimeoutInMillis');
  return [{ ...read, at: 'Properties.Integration', hop: readApiGatewayMethod(read.values) }];
}

export const apiGatewayReaders = { 'AWS::ApiGateway::Method': method };
