import { describe, expect, it } from '@jest/globals';
import type { CircuitBreakerModuleOptions } from '../../lib/registry/module-options.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import {
  errorFrom,
  problemsFrom,
  RegistryBench,
  type TestDeclaration,
} from '../support/registry-bench.js';

/** Each place where a circuit's options can stand, weakest first. */
const LAYERS = [
  'built-in',
  'defaults',
  'preset',
  'circuits[name]',
  'forFeature',
  'decorator',
  'environment',
  'configure',
] as const;

describe('the layers of options', () => {
  it.each(LAYERS.map((name, index) => [name, index] as const))(
    'end with %s if nothing is above it',
    (_name, strongest) => {
      const [options, declared, variables] = upTo(strongest);
      const { registry } = new RegistryBench(options, declared, variables);

      if (strongest >= 7) registry.configure('a', { minimumCalls: 77 });

      expect(registry.get('a').rules.minimumCalls).toBe(
        strongest === 0 ? 20 : strongest * 11,
      );
    },
  );

  it('meet key by key, nested objects too', () => {
    const { registry } = new RegistryBench(
      {
        defaults: { halfOpen: { calls: 1 }, maxKeys: 1 },
        presets: { mine: { halfOpen: { concurrency: 2 } } },
        circuits: { a: { preset: 'mine', halfOpen: { maxDuration: 3 } } },
        env: { prefix: 'CB' },
      },
      [
        {
          by: 'feature',
          name: 'a',
          options: { halfOpen: { callDeadline: 4 } },
          source: 'forFeature()',
        },
        {
          name: 'a',
          options: { halfOpen: { successRateThreshold: 0.5 } },
          source: 'A.a',
        },
      ],
      { CB_A_HALF_OPEN_CALLS: '6' },
    );

    expect(registry.get('a').rules).toMatchObject({
      maxKeys: 1,
      halfOpen: {
        calls: 6,
        concurrency: 2,
        maxDuration: 3,
        callDeadline: 4,
        successRateThreshold: 0.5,
      },
    });
  });

  it('take undefined for not given, and false for off', () => {
    const { registry } = new RegistryBench({
      defaults: { minimumCalls: 5, failureRateThreshold: 0.2 },
      circuits: {
        a: { minimumCalls: undefined, failureRateThreshold: false },
      },
    });

    expect(registry.get('a').rules).toMatchObject({
      minimumCalls: 5,
      failureRateThreshold: false,
    });
  });

  it('replace a window by one of another type', () => {
    const { registry } = new RegistryBench({
      defaults: { window: { size: 10, maxAge: '1m' } },
      circuits: { a: { window: { type: 'time', duration: '10s' } } },
    });

    expect(registry.get('a').rules.window).toEqual({
      type: 'time',
      duration: 10_000,
      buckets: 60,
    });
  });

  it('leave what they were given as it was', () => {
    const options = deepFreeze({
      defaults: { halfOpen: { calls: 3 } },
      presets: { mine: { window: { size: 5 } } },
      circuits: { a: { preset: 'mine', ignoreErrors: [Error] } },
    });

    const { registry } = new RegistryBench(
      options as CircuitBreakerModuleOptions,
    );
    registry.configure('a', { halfOpen: { calls: 4 } });

    expect(registry.get('a').rules.halfOpen.calls).toBe(4);
    expect(options.defaults.halfOpen.calls).toBe(3);
  });

  it('do not follow what is changed after the start', () => {
    const options = {
      defaults: { maxKeys: 3 },
      circuits: { a: { halfOpen: { calls: 3 } } },
    };
    const { registry } = new RegistryBench(options);

    options.defaults.maxKeys = 9;
    options.circuits.a.halfOpen.calls = 9;

    expect(registry.get('a').rules).toMatchObject({
      maxKeys: 3,
      halfOpen: { calls: 3 },
    });
    expect(registry.getOrCreate('b').rules.maxKeys).toBe(3);
  });
});

describe('mistakes in the layers', () => {
  it('are told in one message, each where it stands', () => {
    const problems = problemsFrom(
      () =>
        new RegistryBench(
          {
            defaults: { openDuration: 'soon' },
            presets: { mine: { minimumCalls: 0 } },
            circuits: {
              a: { preset: 'nime', mode: 'off' as 'shadow' },
              'b.c': { halfOpen: { calls: 0 } },
            },
            env: { prefix: 'CB' },
          },
          [
            {
              by: 'feature',
              name: 'd',
              options: { maxKeys: 0 },
              source: 'forFeature() in OrdersModule',
            },
            { name: 'e', options: { critical: 1 as never }, source: 'E.e' },
          ],
          { CB_A_MINIMUM_CALLS: 'many', CB_A_MINIMUM_CALL: '5' },
        ),
    );

    expect(problems.map(line => line.split(', ')[0])).toEqual([
      `defaults.openDuration: got 'soon'`,
      'presets.mine.minimumCalls: got 0',
      `circuits.a.preset: got 'nime'`,
      `circuits.a.mode: got 'off'`,
      `CB_A_MINIMUM_CALLS: got 'many'`,
      `circuits["b.c"].halfOpen.calls: got 0`,
      'forFeature() in OrdersModule: maxKeys: got 0',
      'E.e: critical: got 1',
      'CB_A_MINIMUM_CALL: fits no option of a declared circuit; did you mean CB_A_MINIMUM_CALLS?',
    ]);
  });

  it.each<[string, unknown, string]>([
    ['no object', null, 'options: got null, takes an object of options'],
    ['no object', 5, 'options: got 5, takes an object of options'],
    ['an unknown key', { circuit: {} }, 'did you mean "circuits"?'],
    ['defaults', { defaults: 5 }, 'defaults: got 5, takes an object'],
    ['presets', { presets: [] }, 'presets: got [], takes an object'],
    ['circuits', { circuits: 'a' }, `circuits: got 'a', takes an object`],
    ['circuits', { circuits: new Map() }, 'circuits: got Map(0) {}, takes'],
    ['a circuit', { circuits: { a: 5 } }, 'circuits.a: got 5, takes an object'],
    ['a preset', { presets: { a: null } }, 'presets.a: got null, takes'],
    ['a name', { circuits: { '': {} } }, `circuits: got '', takes a circuit's`],
    ['env', { env: true }, 'env: got true, takes { prefix }, or false'],
    ['a source', { configSource: null }, 'configSource: got null, takes an'],
    ['a prefix', { env: { prefix: '' } }, `env.prefix: got '', takes letters`],
    ['a prefix', { env: { prefix: 'A-B' } }, `env.prefix: got 'A-B', takes`],
    ['env', { env: { prefx: 'A' } }, 'did you mean "prefix"?'],
    [
      'the default preset',
      { defaults: { preset: 'productoin' }, circuits: { a: {} } },
      `defaults.preset: got 'productoin', but there is no such preset; did you mean "production"?`,
    ],
    [
      'a preset of the wrong type',
      { circuits: { a: { preset: 5 } } },
      'circuits.a.preset: got 5, but there is no such preset; there are: ',
    ],
    [
      'a preset that is like no other',
      { presets: { mine: {} }, circuits: { a: { preset: 'something else' } } },
      'there are: paymentGateway, search, analytics, auth, notification, development, staging, production, mine',
    ],
    [
      'a value in a preset of our own',
      {
        presets: { mine: { window: { type: 'count' } } },
        circuits: { a: { preset: 'mine', window: { duration: 5 } as object } },
      },
      `circuits.a.window.duration: got 5, which goes with type 'time' only`,
    ],
    [
      'what stands within a list',
      { circuits: { a: { ignoreErrors: [Error, 5] } } },
      'circuits.a.ignoreErrors',
    ],
    [
      'what is missing below a value that is none',
      { circuits: { a: { halfOpen: 5 } } },
      'circuits.a.halfOpen: got 5',
    ],
    [
      'a contradiction between layers',
      {
        defaults: { window: { type: 'time', duration: 10 } },
        circuits: { a: { window: { buckets: 11 } as object } },
      },
      'circuits.a.window.buckets: 11 buckets are more than',
    ],
    [
      'a key of another type of window',
      {
        defaults: { window: { type: 'time' } },
        circuits: { a: { window: { size: 5 } } },
      },
      `circuits.a.window.size: got 5, which goes with type 'count' only`,
    ],
  ])('are refused: %s', (_what, options, line) => {
    const problems = problemsFrom(
      () => new RegistryBench(options as CircuitBreakerModuleOptions),
    );

    expect(problems).toEqual([expect.stringContaining(line)]);
  });

  it('are told once, however many circuits inherit them', () => {
    expect(
      problemsFrom(
        () =>
          new RegistryBench({
            defaults: { minimumCalls: 0 },
            circuits: { a: {}, b: {}, c: {} },
          }),
      ),
    ).toHaveLength(1);
  });

  it('are told where the strongest layer has them', () => {
    expect(
      problemsFrom(
        () =>
          new RegistryBench({
            defaults: { minimumCalls: 5 },
            circuits: { a: { minimumCalls: 0 } },
          }),
      ),
    ).toEqual([expect.stringMatching(/^circuits\.a\.minimumCalls: got 0/)]);
  });

  it('are told at the deepest place that leads to them, of those the strongest', () => {
    expect(
      problemsFrom(
        () =>
          new RegistryBench({ circuits: { a: { halfOpen: { calls: 0 } } } }, [
            { name: 'a', source: 'A.a', options: { halfOpen: {} } },
          ]),
      ),
    ).toEqual([expect.stringMatching(/^circuits\.a\.halfOpen\.calls: got 0/)]);
  });

  it('of the whole module are told in its name', () => {
    expect(
      errorFrom(() => new RegistryBench({ defaults: { minimumCalls: 0 } }))
        .message,
    ).toMatch(/^CircuitBreakerModule: /);
  });

  it('of a late preset stand where the preset does', () => {
    expect(
      problemsFrom(() =>
        new RegistryBench({
          defaults: { window: { type: 'time' } },
          presets: { mine: { window: { type: 'time', duration: 10 } } },
        }).registry.getOrCreate('a', {
          preset: 'mine',
          window: { type: 'time', buckets: 11 },
        }),
      ),
    ).toEqual([expect.stringMatching(/^window\.buckets: 11 buckets/)]);
  });

  it('are told of each layer, also where another lies over one that is no group', () => {
    expect(
      problemsFrom(
        () =>
          new RegistryBench({
            defaults: { halfOpen: null as never },
            circuits: { a: { halfOpen: { calls: 0 } } },
          }),
      ),
    ).toEqual([
      expect.stringMatching(/^defaults\.halfOpen: got null/),
      expect.stringMatching(/^circuits\.a\.halfOpen\.calls: got 0/),
    ]);
  });

  it('are told once of a preset, whoever takes it', () => {
    expect(
      problemsFrom(
        () =>
          new RegistryBench({
            presets: { mine: { minimumCalls: 0 } },
            circuits: { a: { preset: 'mine' }, b: { preset: 'mine' } },
          }),
      ),
    ).toEqual([expect.stringMatching(/^presets\.mine\.minimumCalls: got 0/)]);
  });

  it('are told of what a person has configured, if a configuration source makes it wrong', () => {
    const { registry } = new RegistryBench({
      circuits: { a: { window: { type: 'time', duration: '1m' } } },
    });
    registry.configure('a', { window: { type: 'time', buckets: 11 } });

    expect(
      problemsFrom(() =>
        registry.takeLive({
          circuits: { a: { window: { type: 'time', duration: 10 } } },
        }),
      ),
    ).toEqual([
      expect.stringMatching(/^configure\(\): window\.buckets: 11 buckets/),
    ]);
  });

  it('are told of a patch that fits a circuit that went its own way, and not its name', () => {
    const { registry } = new RegistryBench({
      circuits: { a: { window: { type: 'time', duration: 10, buckets: 1 } } },
    });
    registry.get('a').configure({ window: { type: 'time', duration: '1m' } });

    expect(
      errorFrom(() =>
        registry.configure('a', { window: { type: 'time', buckets: 11 } }),
      ).message,
    ).toMatch(/^Circuit "a": .*\n.*window\.buckets: 11 buckets/);
  });

  it('are told of what is created late, by its name', () => {
    const { registry } = new RegistryBench();

    expect(
      errorFrom(() => registry.getOrCreate('late', 5 as never)).message,
    ).toMatch(/^Circuit "late": /);
  });

  it('carry what a declaration brings along', () => {
    const problem = { path: 'A.a: fallback', message: 'is missing' };

    expect(
      problemsFrom(
        () =>
          new RegistryBench({}, [
            { name: 'a', source: 'A.a', problems: [problem] },
          ]),
      ),
    ).toEqual(['A.a: fallback: is missing']);
  });
});

describe('declarations of one circuit in several places', () => {
  it.each<[string, TestDeclaration[]]>([
    [
      'one has options, the other none',
      [
        declare('decorator', 'A.a', { maxKeys: 1 }),
        declare('decorator', 'B.b'),
      ],
    ],
    [
      'they say the same',
      [
        declare('decorator', 'A.a', { halfOpen: { calls: 1 } }),
        declare('decorator', 'B.b', { halfOpen: { calls: 1 } }),
      ],
    ],
    [
      'they say the same in other words',
      [
        declare('feature', 'A', { openDuration: '30s' }),
        declare('feature', 'B', { openDuration: 30_000 }),
      ],
    ],
    [
      'they speak of different options',
      [
        declare('decorator', 'A.a', { halfOpen: { calls: 1 } }),
        declare('decorator', 'B.b', { halfOpen: { concurrency: 1 } }),
      ],
    ],
    [
      'a decorator stands above a feature',
      [
        declare('feature', 'A', { maxKeys: 1 }),
        declare('decorator', 'B.b', { maxKeys: 2 }),
      ],
    ],
  ])('may stand if %s', (_why, declared) => {
    expect(() => new RegistryBench({}, declared)).not.toThrow();
  });

  it.each<[string, TestDeclaration[], string]>([
    [
      'two decorators',
      [
        declare('decorator', 'A.a', { openDuration: '30s' }),
        declare('decorator', 'B.b', { openDuration: '10s' }),
      ],
      `B.b: openDuration: got '10s', but A.a gives '30s' to the same circuit "a"; give it in one place, or the same in both`,
    ],
    [
      'two features',
      [
        declare('feature', 'forFeature() in A', { maxKeys: 1 }),
        declare('feature', 'forFeature() in B', { maxKeys: 2 }),
      ],
      'forFeature() in B: maxKeys: got 2, but forFeature() in A gives 1',
    ],
    [
      'nested options',
      [
        declare('decorator', 'A.a', { halfOpen: { calls: 1 } }),
        declare('decorator', 'B.b', { halfOpen: { calls: 2 } }),
      ],
      'B.b: halfOpen: got { calls: 2 }, but A.a gives { calls: 1 }',
    ],
    [
      'windows of two types',
      [
        declare('decorator', 'A.a', { window: { size: 5 } }),
        declare('decorator', 'B.b', { window: { type: 'time' } }),
      ],
      `B.b: window: got { type: 'time' }, but A.a gives { size: 5 }`,
    ],
    [
      'functions that are not the same one',
      [
        declare('decorator', 'A.a', { classifyError: () => 'failure' }),
        declare('decorator', 'B.b', { classifyError: () => 'failure' }),
      ],
      'B.b: classifyError: got [function classifyError]',
    ],
  ])('stop the start if they disagree: %s', (_who, declared, line) => {
    expect(problemsFrom(() => new RegistryBench({}, declared))).toEqual([
      expect.stringContaining(line),
    ]);
  });
});

function upTo(strongest: number): ConstructorParameters<typeof RegistryBench> {
  const minimumCalls = (layer: number) =>
    strongest >= layer ? { minimumCalls: layer * 11 } : {};
  return [
    {
      defaults: minimumCalls(1),
      presets: { mine: minimumCalls(2) },
      circuits: { a: { preset: 'mine', ...minimumCalls(3) } },
      env: { prefix: 'CB' },
    },
    [
      { by: 'feature', name: 'a', options: minimumCalls(4), source: 'F' },
      { name: 'a', options: minimumCalls(5), source: 'A.a' },
    ],
    strongest >= 6 ? { CB_A_MINIMUM_CALLS: '66' } : {},
  ];
}

function deepFreeze<T extends object>(value: T): T {
  for (const each of Object.values(value)) {
    if (typeof each === 'object' && each !== null) deepFreeze(each as object);
  }
  return Object.freeze(value);
}

function declare(
  by: 'feature' | 'decorator',
  source: string,
  options?: CircuitOptions,
): TestDeclaration {
  return { by, name: 'a', source, options };
}
