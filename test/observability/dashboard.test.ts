import { dashboard } from '../../lib/observability/dashboard.ts';
import { definePolicy } from '../../lib/policy/index.ts';
import { exported, strangersIn, unseenBy } from './expressions.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
  readonly fieldConfig?: {
    readonly defaults: { readonly thresholds: { readonly steps: readonly { value: number }[] } };
  };
}

const model = JSON.parse(dashboard(definePolicy({ maxStreams: 15_000 })));
const panels: readonly Panel[] = model.panels;
const charts = panels.filter(({ type }) => type === 'timeseries');
const expressions = charts.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

test.each(charts)(
  '$title asks for what the service exports, and says what it shows',
  async ({ targets, description }) => {
    const known = await exported();

    expect(targets?.flatMap(({ expr }) => strangersIn(expr, known))).toEqual([]);
    expect(targets?.every(({ legendFormat }) => legendFormat !== '')).toBe(true);
    expect(description).toMatch(/\S.{20,}/);
  },
);

test('every metric of the service is on it', () => {
  expect(unseenBy(expressions)).toEqual([]);
});

test('the choice of replicas at the top asks for a metric that there is, and every chart obeys it', async () => {
  const [, replica] = model.templating.list;

  expect(strangersIn(replica.query, await exported())).toEqual([]);
  expect(expressions.filter((expr) => !expr.includes('instance=~"$instance"'))).toEqual([]);
});

test('panels have ids of their own and do not cover each other', () => {
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
  );

  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(new Set(cells).size).toBe(cells.length);
  expect(panels.filter(({ gridPos }) => gridPos.x + gridPos.w > 24)).toEqual([]);
});

test('limits of the policy are drawn', () => {
  const [open] = charts;
  expect(open?.fieldConfig?.defaults.thresholds.steps.at(-1)?.value).toBe(15_000);
});
