import type { StreamChartProps } from '../../k8s/stream-chart.ts';
import { examplePolicy } from '../../lib/targets/expressible.ts';
import { type EdgeId, edges } from '../../lib/targets/index.ts';
import { synth } from './chart.ts';
import { everything } from './everything.ts';
import { expectValid, faultsIn } from './valid.ts';

const all = Object.keys(edges) as EdgeId[];

/** A policy with as much in it as the edge can express: some have no session affinity. */
const policyFor = (edge: EdgeId) => examplePolicy(edges[edge]);

const charts: readonly (readonly [name: string, (edge: EdgeId) => StreamChartProps])[] = [
  ['nothing but the edge', (edge) => ({ policy: { ...policyFor(edge), stickiness: 'none' }, kubernetes: { edge } })],
  [
    'everything',
    (edge) => ({
      ...everything,
      policy: policyFor(edge),
      kubernetes: { ...everything.kubernetes, edge, tlsSecret: 'certificate', className: 'theirs' },
    }),
  ],
  [
    'a Gateway of somebody else',
    (edge) => ({
      policy: policyFor(edge),
      kubernetes: { edge, gateway: { name: 'shared', namespace: 'gateways' } },
    }),
  ],
];

beforeAll(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation();
});
afterAll(() => jest.restoreAllMocks());

describe.each(charts)('with %s', (_, propsFor) => {
  test.each(all)('%s gets manifests that Kubernetes and the operators take', (edge) => {
    const { all: manifests } = synth(propsFor(edge));

    expectValid(...manifests);
  });

  test.each(all)('%s finds its annotations on the Service, beside those of the configuration', (edge) => {
    const props = propsFor(edge);
    const { service } = synth(props);
    const wanted = edges[edge]
      .render(policyFor(edge))
      .manifests.filter(({ kind }) => kind === 'Service')
      .flatMap(({ metadata }) => Object.keys(metadata.annotations ?? {}));
    const given = Object.keys(service.metadata.annotations ?? {});

    if (props.policy?.stickiness !== 'none') expect(given).toEqual(expect.arrayContaining(wanted));
    expect(given).toEqual(expect.arrayContaining(Object.keys(props.kubernetes?.serviceAnnotations ?? {})));
  });
});

/** The value with one key misspelt, once for each key of it and of all that is in it. Labels may be called anything. */
function misspelt(value: unknown): readonly unknown[] {
  if (Array.isArray(value))
    return value.flatMap((item, index) => misspelt(item).map((wrong) => value.with(index, wrong)));
  if (typeof value !== 'object' || value === null) return [];
  const fields = Object.entries(value).filter(([key]) => !key.includes('/'));
  return fields.flatMap(([key, inner]) => {
    const { [key]: _, ...rest } = value as Record<string, unknown>;
    return [{ ...rest, [`${key}s`]: inner }, ...misspelt(inner).map((wrong) => ({ ...rest, [key]: wrong }))];
  });
}

test.each(all)('no field of what %s renders can be misspelt unnoticed', (edge) => {
  const { manifests } = edges[edge].render(policyFor(edge));
  const unnoticed = manifests.flatMap(({ spec, ...manifest }) =>
    misspelt(spec).filter((wrong) => faultsIn({ ...manifest, spec: wrong } as typeof manifest).length === 0),
  );

  expect(unnoticed).toEqual([]);
});
