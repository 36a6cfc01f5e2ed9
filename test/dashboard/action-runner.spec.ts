import { Logger } from '@nestjs/common';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { ActionRunner } from '../../lib/dashboard/action-runner.js';
import { viewCircuit } from '../../lib/dashboard/circuit-view.js';
import type { Authorize } from '../../lib/dashboard/dashboard-options.js';
import { RegistryBench } from '../support/registry-bench.js';

const ACTION = { type: 'force-open', name: 'payments', reason: 'maintenance' };

describe('an action of the dashboard', () => {
  let warnings: string[];
  let errors: string[];

  beforeEach(() => {
    warnings = [];
    errors = [];
    jest
      .spyOn(Logger.prototype, 'warn')
      .mockImplementation(line => void warnings.push(String(line)));
    jest
      .spyOn(Logger.prototype, 'error')
      .mockImplementation(
        (line, stack) =>
          void errors.push(String(line), String(stack).split('\n', 1)[0]!),
      );
  });
  afterEach(() => void jest.restoreAllMocks());

  it.each([
    ['force-closed', 'forced-closed'],
    ['reset', 'closed'],
  ])('gives its reason to the circuit: %s', async (type, to) => {
    const { circuit, act } = bench();
    circuit.forceOpen('before');
    await act({ ...ACTION, type });
    expect(circuit.snapshot().transitions.at(-1)).toMatchObject({
      to,
      reason: 'maintenance (Alice)',
    });
  });

  it('gives its reason to the circuit: release', async () => {
    const { circuit, act } = bench();
    circuit.forceOpen('before');
    await act({ ...ACTION, type: 'release' });
    expect(circuit.snapshot().transitions.at(-1)).toMatchObject({
      to: 'half-open',
      reason: 'maintenance (Alice)',
    });
  });

  it('lets no name of a person write lines into the reason', async () => {
    const { circuit, act } = bench(() => 'Alice\nBob\u2029Eve');
    await act(ACTION);
    expect(circuit.snapshot().transitions.at(-1)!.reason).toBe(
      'maintenance (Alice Bob Eve)',
    );
  });

  it('lets no name of a person write lines into the log', async () => {
    await bench(() => 'Alice\r\n[Nest] forged\u2029line').act(ACTION);
    expect(warnings).toEqual([
      'Alice [Nest] forged line asked to force-open "payments". Reason: maintenance',
    ]);
  });

  it('is logged with the first 400 characters of a long name', async () => {
    await bench(() => 'x'.repeat(500)).act(ACTION);
    expect(warnings[0]).toMatch(/^x{400} asked to /);
  });

  it('is logged as somebody’s where nobody said who it was', async () => {
    const { circuit, act } = bench(() => true);
    await act(ACTION);
    expect(warnings).toEqual([
      'Somebody asked to force-open "payments". Reason: maintenance',
    ]);
    expect(circuit.snapshot().transitions.at(-1)!.reason).toBe('maintenance');
  });

  it('is logged as one that changed nothing where there was nothing to do', async () => {
    const { act } = bench();
    expect(await act({ ...ACTION, type: 'release' })).toMatchObject({
      changed: false,
    });
    expect(warnings).toEqual([
      'Alice asked to release "payments", which changed nothing. Reason: maintenance',
    ]);
  });

  it('is logged with the thresholds that it gives, and is a change', async () => {
    const thresholds = { failureRateThreshold: 0.2 };
    expect(
      await bench().act({ ...ACTION, type: 'configure', thresholds }),
    ).toMatchObject({ changed: true });
    expect(warnings).toEqual([
      'Alice asked to configure {"failureRateThreshold":0.2} "payments". Reason: maintenance',
    ]);
  });

  it('is done to the one keyed circuit that it names, and logged with its key', async () => {
    const { registry, circuit, act } = bench();
    const acme = registry.keyed('payments', 'acme');
    await act({ ...ACTION, key: 'acme' });
    expect([acme.state, circuit.state]).toEqual(['forced-open', 'closed']);
    expect(warnings).toEqual([
      'Alice asked to force-open "payments" ("acme"). Reason: maintenance',
    ]);
  });

  it('that is refused by authorize is logged', async () => {
    const { circuit, act } = bench(() => false);
    await act(ACTION);
    expect(warnings).toEqual([
      'Refused to force-open "payments": authorize said no.',
    ]);
    expect(circuit.state).toBe('closed');
  });

  it('is not done when authorize throws, and the log says what', async () => {
    const { circuit, act } = bench(() => {
      throw new Error('the directory is down');
    });
    await act(ACTION);
    expect(errors).toEqual([
      'authorize threw, so the action was refused: Error: the directory is down',
      'Error: the directory is down',
    ]);
    expect(warnings).toEqual([
      'Refused to force-open "payments": authorize said no.',
    ]);
    expect(circuit.state).toBe('closed');
  });

  it('is not done when authorize throws what is no error', async () => {
    await bench(() => {
      throw 'down';
    }).act(ACTION);
    expect(errors).toEqual([
      'authorize threw, so the action was refused: down',
      'undefined',
    ]);
  });

  it('is logged under the name of the dashboard', async () => {
    jest.restoreAllMocks();
    const told: unknown[][] = [];
    Logger.overrideLogger({
      log: () => undefined,
      error: () => undefined,
      warn: (...line: unknown[]) => void told.push(line),
    });
    try {
      await bench().act(ACTION);
    } finally {
      Logger.overrideLogger(true);
    }
    expect(told).toEqual([
      [expect.stringContaining('force-open'), 'CircuitBreakerDashboard'],
    ]);
  });

  it.each([
    [
      'without authorize',
      ACTION,
      {
        status: 403,
        code: 'READ_ONLY',
        message:
          'The dashboard is read-only: CircuitBreakerDashboardModule was given no authorize function.',
      },
    ],
    [
      'that authorize refuses',
      ACTION,
      {
        status: 403,
        code: 'NOT_AUTHORIZED',
        message: 'You are not allowed to do this.',
      },
    ],
    [
      'for another process',
      { ...ACTION, instance: 'another' },
      {
        status: 409,
        code: 'ANOTHER_INSTANCE',
        message:
          'Another process answered than the one you are looking at. Nothing was changed.',
      },
    ],
    [
      'for a circuit that is not there',
      { ...ACTION, name: 'other' },
      {
        status: 404,
        code: 'NO_CIRCUIT',
        message: 'There is no such circuit, or no longer.',
      },
    ],
    [
      'with nothing to change',
      { ...ACTION, type: 'configure', thresholds: {} },
      {
        status: 400,
        code: 'BAD_ACTION',
        message: 'The action cannot be taken.',
        problems: [
          { path: 'thresholds', message: 'names no threshold to change' },
        ],
      },
    ],
    [
      'with a threshold that cannot be',
      { ...ACTION, type: 'configure', thresholds: { minimumCalls: 0 } },
      {
        status: 400,
        code: 'BAD_THRESHOLDS',
        message: 'The thresholds cannot be taken; nothing has changed.',
        problems: [
          { path: 'minimumCalls', message: expect.stringContaining('got 0') },
        ],
      },
    ],
  ])('%s is refused with the reason', async (which, action, refusal) => {
    const { registry, act } = bench(() => which !== 'that authorize refuses');
    const readOnly = new ActionRunner(registry, undefined, 'this');
    const outcome =
      which === 'without authorize'
        ? await readOnly.run({ headers: {} }, action)
        : await act(action);
    expect(outcome).toEqual({ refusal });
    expect(registry.get('payments').generation).toBe(0);
  });

  it('asks authorize before it says what is there', async () => {
    const { act } = bench(() => false);
    for (const more of [{ instance: 'another' }, { name: 'other' }]) {
      expect(await act({ ...ACTION, ...more })).toMatchObject({
        refusal: { code: 'NOT_AUTHORIZED' },
      });
    }
  });

  it('shows authorize the request and the action, its reason without space around it', async () => {
    const asked: unknown[] = [];
    const { act } = bench((...args) => {
      asked.push(...args);
      return true;
    });
    await act({ ...ACTION, reason: ' maintenance\n' });
    expect(asked).toEqual([{ headers: {} }, { ...ACTION, key: null }]);
  });

  it.each([
    ['minimumCalls', 7],
    ['failureRateThreshold', 0.2],
    ['failureCount', 5],
    ['failureCount', false],
    ['consecutiveFailures', 4],
    ['slowCallDuration', '3s'],
    ['slowCallRateThreshold', 0.7],
    ['openDuration', 5_000],
    ['openDuration', '5s'],
  ])(
    'can change %s to %p, for all circuits of the name',
    async (name, value) => {
      const { registry, act } = bench();
      const keyed = registry.keyed('payments', 'acme');
      const thresholds = { [name]: value };
      const { circuit } = (await act({
        ...ACTION,
        type: 'configure',
        thresholds,
      })) as { circuit: { thresholds: Record<string, unknown> } };
      const milliseconds = { '3s': 3_000, '5s': 5_000 }[String(value)] ?? value;
      expect(circuit.thresholds[name]).toBe(milliseconds);
      expect(keyed.rules).toMatchObject({ [name]: milliseconds });
    },
  );

  it('is answered with the circuit as it is then', async () => {
    const { circuit, act } = bench();
    const outcome = await act(ACTION);
    expect(outcome).toEqual({ changed: true, circuit: viewCircuit(circuit) });
    expect(outcome).toMatchObject({ circuit: { state: 'forced-open' } });
  });

  it('for another process is a conflict, and changes nothing', async () => {
    const { circuit, act } = bench();
    expect(await act({ ...ACTION, instance: 'another' })).toMatchObject({
      refusal: { status: 409, code: 'ANOTHER_INSTANCE' },
    });
    expect(circuit.state).toBe('closed');
  });

  it('for this process is done', async () => {
    const { circuit, act } = bench();
    await act({ ...ACTION, instance: 'this' });
    expect(circuit.state).toBe('forced-open');
  });

  it('is refused without a name that a circuit can have', async () => {
    expect(await bench().act({ ...ACTION, name: '' })).toMatchObject({
      refusal: { status: 400, code: 'BAD_ACTION' },
    });
  });

  it('may have a reason of 300 characters', async () => {
    const { circuit, act } = bench();
    await act({ ...ACTION, reason: 'x'.repeat(300) });
    expect(circuit.state).toBe('forced-open');
  });

  it.each([
    ACTION,
    { ...ACTION, type: 'configure', thresholds: { minimumCalls: 5 } },
  ])(
    'is refused with something in it that it does not take: $type',
    async action => {
      expect(await bench().act({ ...action, force: true })).toMatchObject({
        refusal: { status: 400, code: 'BAD_ACTION' },
      });
    },
  );

  it('is done to the circuit without a key where its key is null', async () => {
    const { circuit, act } = bench();
    await act({ ...ACTION, key: null });
    expect(circuit.state).toBe('forced-open');
  });

  it('is refused with a rule that cannot be changed here beside one that can', async () => {
    const thresholds = { minimumCalls: 5, maxKeys: 1 };
    expect(
      await bench().act({ ...ACTION, type: 'configure', thresholds }),
    ).toMatchObject({ refusal: { status: 400, code: 'BAD_ACTION' } });
  });

  it('is told where in it something is wrong', async () => {
    const thresholds = { openDuration: true };
    expect(
      await bench().act({ ...ACTION, type: 'configure', thresholds }),
    ).toMatchObject({
      refusal: { problems: [{ path: 'thresholds.openDuration' }] },
    });
  });

  it('fails with what the circuit throws, where that is no bad option', async () => {
    const { registry, act } = bench();
    jest.spyOn(registry, 'configure').mockImplementation(() => {
      throw new Error('not now');
    });
    await expect(
      act({ ...ACTION, type: 'configure', thresholds: { minimumCalls: 1 } }),
    ).rejects.toThrow('not now');
  });
});

function bench(authorize: Authorize = () => 'Alice') {
  const { registry } = new RegistryBench({ circuits: { payments: {} } });
  const runner = new ActionRunner(registry, authorize, 'this');
  return {
    registry,
    circuit: registry.get('payments'),
    act: (body: unknown) => runner.run({ headers: {} }, body),
  };
}
