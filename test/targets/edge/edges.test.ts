import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { defaults } from '../../../lib/policy/index.ts';
import type { EdgePlace } from '../../../lib/targets/edge/edge.ts';
import type { Manifest } from '../../../lib/targets/edge/manifest.ts';
import { examplePolicy } from '../../../lib/targets/expressible.ts';
import { edges } from '../../../lib/targets/index.ts';
import { validPolicies } from '../../policy/arbitraries.ts';

const all = Object.values(edges).map((edge) => [edge.id, edge] as const);

const annotationsOf = (manifests: readonly Manifest[]): readonly (readonly [string, unknown])[] =>
  manifests.flatMap(({ metadata }) => Object.entries(metadata.annotations ?? {}));

describe.each(all)('%s', (_, edge) => {
  test('writes annotations that its controller accepts, for any policy it can express', () => {
    const policies = validPolicies.filter((policy) => edge.limitFaults(policy).length === 0);

    fc.assert(
      fc.property(policies, (policy) => {
        const wrong = annotationsOf(edge.render(policy).manifests).filter(
          ([key, value]) => typeof value !== 'string' || !edge.grammar[key]?.accepts.test(value),
        );
        expect(wrong).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test('has a grammar with its source for each annotation, and for no other', () => {
    const policies = [examplePolicy(edge), { ...examplePolicy(edge), stickiness: 'none' as const }];
    const written = policies.flatMap((policy) => annotationsOf(edge.render(policy).manifests).map(([key]) => key));

    expect(Object.keys(edge.grammar).sort()).toEqual([...new Set(written)].sort());
    expect(Object.values(edge.grammar).filter(({ says, source }) => !says || !/[:/]/.test(source))).toEqual([]);
  });

  test('has a file that says what is rendered, and below which versions it means nothing', () => {
    const policy = examplePolicy(edge);
    const file = edge.files(policy)[`${edge.id}.yaml`] ?? '';

    expect(parseAllDocuments(file).map((document) => document.toJS())).toEqual(edge.render(policy).manifests);
    expect(edge.minimumVersions.length).toBeGreaterThan(0);
    for (const { of, version } of edge.minimumVersions) expect(file).toContain(`Needs ${of} ${version}`);
  });

  test('goes where it is told to', () => {
    const place: EdgePlace = {
      name: 'events',
      namespace: 'live',
      host: 'events.test',
      tlsSecret: 'events-tls',
      port: 8000,
      className: 'theirs',
    };
    const manifests = edge.manifestsFor(examplePolicy(edge), place);
    const text = JSON.stringify(manifests);

    expect(manifests.map(({ metadata }) => metadata)).toEqual(
      manifests.map(() => expect.objectContaining({ name: expect.stringMatching(/^events(-|$)/), namespace: 'live' })),
    );
    for (const said of ['events.test', 'events-tls', '8000', 'theirs']) expect(text).toContain(said);
    expect(JSON.stringify(edge.manifestsFor(examplePolicy(edge), { ...place, tlsSecret: undefined }))).not.toContain(
      'tls',
    );
  });

  test('judges its limits for every place', () => {
    const refused =
      edge.limits.length === 0
        ? undefined
        : { ...defaults, drainSeconds: 3000, keepAliveSeconds: 10, maxStreamsPerUser: 500 };
    if (refused === undefined || edge.limitFaults(refused).length === 0) return;

    expect(() => edge.manifestsFor(refused, { name: 'a', host: 'a.test', port: 80 })).toThrow(edge.title);
  });
});
