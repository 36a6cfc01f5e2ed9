import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { hasPromtool, promtool } from '../support/promtool.js';

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: unknown;
  readonly format: string;
  readonly instant: boolean;
  readonly range: boolean;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource: unknown;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly fieldConfig: {
    readonly defaults: object;
    readonly overrides: { matcher: { id: string; options: string } }[];
  };
  readonly targets: readonly Target[];
  readonly transformations?: {
    readonly id: string;
    readonly options: Record<string, Record<string, string>>;
  }[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly datasource?: unknown;
  readonly query: string | { readonly query: string };
}

interface Dashboard {
  readonly id?: unknown;
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly time: object;
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: {
    readonly list: readonly { expr: string; datasource: unknown }[];
  };
  readonly panels: readonly Panel[];
}

const text = readFileSync(
  'observability/grafana/circuit-breaker.dashboard.json',
  'utf8',
);
const dashboard = JSON.parse(text) as Dashboard;
const { panels, templating, annotations } = dashboard;
const SOURCE = { type: 'prometheus', uid: '${datasource}' };
/** The panels of Grafana itself: any other is a plugin that somebody may not have. */
const OWN_PANELS = ['stat', 'table', 'timeseries', 'state-timeline'];
/** What Grafana gives to every query. */
const GIVEN = ['__rate_interval'];

const expressions = [
  ...panels.flatMap(({ title, targets }) =>
    targets.map(({ refId, expr }) => ({ of: `${title}, ${refId}`, expr })),
  ),
  ...annotations.list.map(({ expr }) => ({ of: 'annotation', expr })),
];

describe('the Grafana dashboard', () => {
  it('can be imported beside others, and again', () => {
    expect(dashboard.id ?? null).toBe(null);
    expect(dashboard.uid).toMatch(/^[\w-]{1,40}$/);
    expect(dashboard.title).not.toBe('');
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36);
    expect(dashboard.time).toEqual({ from: 'now-1h', to: 'now' });
  });

  it('asks for its data source, and has none of its own', () => {
    const [source, ...variables] = templating.list;
    expect(source).toMatchObject({
      name: 'datasource',
      type: 'datasource',
      query: 'prometheus',
    });
    const users = [
      ...variables,
      ...annotations.list,
      ...panels,
      ...panels.flatMap(({ targets }) => targets),
    ];
    expect(users.map(({ datasource }) => datasource)).toEqual(
      users.map(() => SOURCE),
    );
  });

  it('uses the variables that it has, and has those that it uses', () => {
    const used = [...text.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name!);
    const own = new Set(used.filter(name => !name.startsWith('__')));
    expect([...own].toSorted()).toEqual(
      templating.list.map(({ name }) => name).toSorted(),
    );
    const given = used.filter(
      name => name.startsWith('__') && name !== '__all',
    );
    expect([...new Set(given)]).toEqual(GIVEN);
    for (const { expr } of expressions) {
      expect(expr).toContain('job=~"$job",name=~"$name"');
    }
  });

  it('has panels that Grafana draws by itself, none over another', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Map<string, string>();
    for (const { type, title, gridPos, fieldConfig, targets } of panels) {
      expect(OWN_PANELS).toContain(type);
      expect(fieldConfig.defaults).toBeDefined();
      expect(targets.length).toBeGreaterThan(0);
      const { x, y, w, h } = gridPos;
      expect(x + w).toBeLessThanOrEqual(24);
      for (let cell = 0; cell < w * h; cell++) {
        const place = `${x + (cell % w)} ${y + Math.floor(cell / w)}`;
        expect(taken.get(place) ?? title).toBe(title);
        taken.set(place, title);
      }
    }
  });

  it.each(panels.map(panel => [panel.title, panel] as const))(
    'asks what the panel shows: %s',
    (_title, { type, targets }) => {
      const refIds = targets.map(({ refId }) => refId);
      expect(new Set(refIds).size).toBe(refIds.length);
      for (const { format, instant, range, legendFormat, expr } of targets) {
        expect(format).toBe(type === 'table' ? 'table' : 'time_series');
        expect([instant, range]).toEqual(
          type === 'table' ? [true, false] : [false, true],
        );
        const labels = labelsOf(expr);
        for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
          expect(labels).toContain(label);
        }
      }
    },
  );

  it('names columns of its table that there are', () => {
    const table = panels.find(({ type }) => type === 'table')!;
    const { targets, transformations, fieldConfig } = table;
    const columns = [
      'Time',
      ...targets.map(({ refId }) => `Value #${refId}`),
      ...targets.flatMap(({ expr }) => labelsOf(expr)),
    ];
    const { renameByName, indexByName, excludeByName } = transformations!.find(
      ({ id }) => id === 'organize',
    )!.options;
    const named = [renameByName, indexByName, excludeByName].flatMap(each =>
      Object.keys(each!),
    );
    expect(columns).toEqual(expect.arrayContaining(named));
    const shown = Object.values(renameByName!);
    const matched = fieldConfig.overrides.map(({ matcher }) => matcher.options);
    expect(shown).toEqual(expect.arrayContaining(matched));
  });
});

(hasPromtool() ? describe : describe.skip)('its queries', () => {
  it('are PromQL', () => {
    expect(checkRules(expressions.map(({ expr }) => expr))).toBe('success');
  });

  it('would be refused if one were not', () => {
    const { expr } = expressions[0]!;
    expect(checkRules([expr.replace(')', '')])).toContain('could not parse');
  });

  it('answer in one table which circuit, since when, why, and when it tries again', () => {
    const table = panels.find(({ type }) => type === 'table')!;
    const place = 'job="shop", instance="a:3000", name="payments"';
    const since = 1_000;
    const series = {
      [`circuit_breaker_state{${place}, mode="enforced"}`]: 1,
      [`circuit_breaker_state_since_timestamp_seconds{${place}}`]: since,
      [`circuit_breaker_opened_by{${place}, rule="failureRateThreshold"}`]: 1,
      [`circuit_breaker_opened_by{${place}, rule="halfOpen"}`]: 0,
      [`circuit_breaker_next_probe_timestamp_seconds{${place}}`]: since + 60,
      [`circuit_breaker_failure_rate{${place}}`]: 0.6,
      // Closed: not in the table.
      'circuit_breaker_state{job="shop", instance="a:3000", name="search", mode="enforced"}': 0,
      'circuit_breaker_state_since_timestamp_seconds{job="shop", instance="a:3000", name="search"}': 5,
      'circuit_breaker_failure_rate{job="shop", instance="a:3000", name="search"}': 0.1,
    };
    const expected = [
      [`{${place}, mode="enforced"}`, 1],
      [`{${place}}`, since * 1_000],
      [`{${place}, rule="failureRateThreshold"}`, 1],
      [`{${place}}`, (since + 60) * 1_000],
      [`{${place}}`, 0.6],
    ] as const;
    const test = (value: number) => ({
      evaluation_interval: '15s',
      tests: [
        {
          interval: '15s',
          input_series: Object.entries(series).map(([name, constant]) => ({
            series: name,
            values: `${constant}x4`,
          })),
          promql_expr_test: table.targets.map(({ expr }, index) => ({
            expr: filledIn(expr),
            eval_time: '1m',
            exp_samples: [
              {
                labels: expected[index]![0],
                value: index === 4 ? value : expected[index]![1],
              },
            ],
          })),
        },
      ],
    });
    expect(inFolder('queries.test.yml', test(0.6), 'test')).toBe('success');
    expect(inFolder('queries.test.yml', test(0.7), 'test')).toContain('FAILED');
  });
});

/** The labels that a query leaves. */
function labelsOf(expr: string): string[] {
  const by = /\bby \(([^)]*)\)/.exec(expr)?.[1];
  return by === undefined
    ? ['job', 'instance', 'name', 'mode']
    : by.split(', ');
}

/** As Prometheus gets it. */
function filledIn(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll(/\$(job|name)\b/g, '.*');
}

function checkRules(queries: readonly string[]): string {
  const rules = queries.map((expr, index) => ({
    record: `query:${index}`,
    expr: filledIn(expr),
  }));
  const groups = [{ name: 'queries', rules }];
  return inFolder('queries.yml', { groups }, 'check');
}

/** JSON is YAML, too. */
function inFolder(
  file: string,
  content: object,
  verb: 'check' | 'test',
): string {
  const folder = mkdtempSync(join(tmpdir(), 'grafana-'));
  writeFileSync(join(folder, file), JSON.stringify(content));
  try {
    return promtool(folder, verb, 'rules', file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
