import { request } from 'node:http';
import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { DashboardRequest } from '../../lib/dashboard/index.js';
import {
  DashboardApplication,
  type ApplicationSettings,
} from './dashboard-application.js';

const FORCE_OPEN = {
  type: 'force-open',
  name: 'payments',
  reason: 'maintenance',
};
const authorize = ({ headers }: DashboardRequest) =>
  headers['x-user'] === 'alice' ? 'Alice' : false;
const ALICE = { 'X-User': 'alice' };

describe.each(['express', 'fastify'] as const)('actions on %s', platform => {
  let app: DashboardApplication | undefined;
  afterEach(async () => {
    jest.restoreAllMocks();
    await app?.app.close();
  });

  async function start(
    dashboard: ApplicationSettings['dashboard'] = { authorize },
  ): Promise<DashboardApplication> {
    return (app = await DashboardApplication.start({ platform, dashboard }));
  }

  it('are refused where no authorize was given', async () => {
    const response = await (await start({})).act(FORCE_OPEN, ALICE);
    expect(response.status).toBe(403);
    expect(await codeOf(response)).toBe('READ_ONLY');
    expect(app!.registry.get('payments').state).toBe('closed');
  });

  it('are refused where authorize says no, throws, or answers what is neither true nor a name', async () => {
    for (const answer of [false, '', 1, {}, null, undefined]) {
      await start({ authorize: () => answer as boolean });
      expect((await app!.act(FORCE_OPEN)).status).toBe(403);
      await app!.app.close();
    }
    await start({
      authorize: () => {
        throw new Error('the directory is down');
      },
    });
    expect(await codeOf(await app!.act(FORCE_OPEN))).toBe('NOT_AUTHORIZED');
    expect(app!.registry.get('payments').state).toBe('closed');
  });

  it('are judged by the request as the platform has it', async () => {
    await start({
      authorize: asked => 'query' in asked && 'Alice',
    });
    expect((await app!.act(FORCE_OPEN)).status).toBe(200);
  });

  it('are answered with the process that did them, and when', async () => {
    await start();
    const before = Date.now();
    const answer = (await (await app!.act(FORCE_OPEN, ALICE)).json()) as {
      instance: string;
      at: number;
    };
    expect(answer).toMatchObject({ actions: true, fleet: null, changed: true });
    expect(answer.at).toBeGreaterThanOrEqual(before);
    expect(answer.at).toBeLessThanOrEqual(Date.now());
    const { status } = await app!.act(
      { ...FORCE_OPEN, type: 'release', instance: answer.instance },
      ALICE,
    );
    expect(status).toBe(200);
  });

  it.each([
    [new Error('not now'), 'Error: not now', expect.stringContaining('at ')],
    ['not now', 'not now', undefined],
  ])(
    'that fail are a failure of the server, and logged: %p',
    async (thrown, words, stack) => {
      const { registry } = await start();
      const errors: unknown[][] = [];
      Logger.overrideLogger({
        log: () => undefined,
        warn: () => undefined,
        error: (...line: unknown[]) => void errors.push(line),
      });
      jest.spyOn(registry, 'configure').mockImplementation(() => {
        throw thrown;
      });
      const response = await app!.act(configure({ minimumCalls: 5 }), ALICE);
      expect(response.status).toBe(500);
      expect(await response.json()).toEqual({
        error: {
          code: 'FAILED',
          message: 'The action failed; the log says why.',
        },
      });
      Logger.overrideLogger(true);
      expect(errors).toEqual([
        [`An action failed: ${words}`, stack, 'CircuitBreakerDashboard'],
      ]);
    },
  );

  it('force, release and reset, with a reason that names who it was', async () => {
    const { registry } = await start();
    const circuit = registry.get('payments');
    expect(await (await app!.act(FORCE_OPEN, ALICE)).json()).toMatchObject({
      changed: true,
      circuit: { state: 'forced-open' },
    });
    expect(circuit.snapshot().transitions.at(-1)!.reason).toBe(
      'maintenance (Alice)',
    );
    await app!.act({ ...FORCE_OPEN, type: 'force-closed' }, ALICE);
    expect(circuit.state).toBe('forced-closed');
    await app!.act({ ...FORCE_OPEN, type: 'release' }, ALICE);
    expect(circuit.state).toBe('closed');
    await app!.fail('payments', 10);
    await app!.act({ ...FORCE_OPEN, type: 'reset' }, ALICE);
    expect(circuit.state).toBe('closed');
    expect(
      await (await app!.act({ ...FORCE_OPEN, type: 'release' }, ALICE)).json(),
    ).toMatchObject({ changed: false });
  });

  it('are logged on one line, whatever the reason', async () => {
    await start();
    const warn = jest
      .spyOn(Logger.prototype, 'warn')
      .mockImplementation(() => undefined);
    await app!.act(
      { ...FORCE_OPEN, reason: 'line one\n[Nest] forged\u2028line' },
      ALICE,
    );
    const lines = warn.mock.calls.map(([line]) => String(line));
    expect(lines).toContain(
      'Alice asked to force-open "payments". Reason: line one [Nest] forged line',
    );
  });

  it('change thresholds, and list what cannot be taken', async () => {
    const { registry } = await start();
    expect(
      (
        await app!.act(
          configure({ failureRateThreshold: 0.2, openDuration: '5s' }),
          ALICE,
        )
      ).status,
    ).toBe(200);
    expect(registry.get('payments').rules).toMatchObject({
      failureRateThreshold: 0.2,
      openDuration: 5_000,
    });
    const bad = await app!.act(
      configure({ failureRateThreshold: 2, minimumCalls: 'many' }),
      ALICE,
    );
    expect(bad.status).toBe(400);
    const { error } = (await bad.json()) as {
      error: { problems: { path: string }[] };
    };
    expect(error.problems.map(({ path }) => path).toSorted()).toEqual([
      'failureRateThreshold',
      'minimumCalls',
    ]);
    for (const thresholds of [{}, { classifyError: 'x' }, { maxKeys: 1 }]) {
      expect((await app!.act(configure(thresholds), ALICE)).status).toBe(400);
    }
    expect(registry.get('payments').rules.failureRateThreshold).toBe(0.2);
  });

  it('need a reason, a circuit that is there, and a kind that is known', async () => {
    await start();
    expect(
      (await app!.act({ ...FORCE_OPEN, reason: '  ' }, ALICE)).status,
    ).toBe(400);
    expect(
      (await app!.act({ ...FORCE_OPEN, reason: 'x'.repeat(301) }, ALICE))
        .status,
    ).toBe(400);
    expect(
      (await app!.act({ ...FORCE_OPEN, type: 'explode' }, ALICE)).status,
    ).toBe(400);
    expect(
      (await app!.act({ ...FORCE_OPEN, name: 'other' }, ALICE)).status,
    ).toBe(404);
    expect((await app!.act({ ...FORCE_OPEN, key: 'acme' }, ALICE)).status).toBe(
      404,
    );
    expect(app!.registry.get('payments').state).toBe('closed');
  });

  it('are refused by a process that is not the one that was looked at', async () => {
    await start();
    const response = await app!.act(
      { ...FORCE_OPEN, instance: 'another' },
      ALICE,
    );
    expect(await codeOf(response)).toBe('ANOTHER_INSTANCE');
  });

  describe('from a page of another site (CSRF)', () => {
    it.each([
      [
        'without the header that only a script can set',
        { 'X-Circuit-Breaker-Action': undefined },
      ],
      ['as a form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
      ['as plain text', { 'Content-Type': 'text/plain' }],
      ['with its own Origin', { Origin: 'https://evil.example' }],
      ['with a hidden Origin', { Origin: 'null' }],
      [
        'as the browser calls it cross-site',
        { 'Sec-Fetch-Site': 'cross-site' },
      ],
      ['as the browser calls it same-site', { 'Sec-Fetch-Site': 'same-site' }],
    ])('are refused %s', async (_, headers) => {
      await start({ authorize: () => true });
      const status = await rawAct(app!.port, { ...headers });
      expect([400, 403, 415]).toContain(status);
      expect(app!.registry.get('payments').state).toBe('closed');
    });

    it('are refused even where CORS allows every origin', async () => {
      app = await DashboardApplication.start({
        platform,
        dashboard: { authorize: () => true },
        // Fastify would want a plugin for it.
        ...(platform === 'express'
          ? {
              setUp: nest =>
                nest.enableCors({ origin: true, credentials: true }),
            }
          : {}),
      });
      expect(await rawAct(app.port, { Origin: 'https://evil.example' })).toBe(
        403,
      );
      expect(
        (
          await app.get('/circuits/api/circuits', {
            Origin: 'https://evil.example',
          })
        ).status,
      ).toBe(403);
    });
  });

  it('are refused under a name that is not ours (DNS rebinding)', async () => {
    await start({ authorize: () => true });
    const rebound = {
      Host: 'evil.example',
      Origin: 'http://evil.example',
      'Sec-Fetch-Site': 'same-origin',
    };
    expect(await rawAct(app!.port, rebound)).toBe(403);
    expect(
      await rawAct(app!.port, { ...rebound, 'X-Forwarded-Host': 'localhost' }),
    ).toBe(403);
    expect(app!.registry.get('payments').state).toBe('closed');
  });

  it('pass under a name that is allowed, also where a proxy changes Host, and then nothing passes under another', async () => {
    await start({
      authorize: () => true,
      allowedHosts: ['ops.example.com', '.internal'],
    });
    expect(
      await rawAct(app!.port, {
        Host: 'ops.example.com',
        Origin: 'https://ops.example.com',
      }),
    ).toBe(200);
    expect(
      await rawAct(app!.port, {
        Host: 'orders.internal:3000',
        Origin: 'https://ops.example.com',
      }),
    ).toBe(200);
    expect(
      await rawAct(app!.port, { Host: 'ops.example.com.evil.example' }),
    ).toBe(403);
    expect(await rawAct(app!.port, { Host: 'evil.example' }, 'GET')).toBe(403);
  });

  it('do not pass under another name while none is listed, but reads do', async () => {
    await start({ authorize: () => true });
    const Host = 'ops.example.com';
    expect(await rawAct(app!.port, { Host })).toBe(403);
    expect(await rawAct(app!.port, { Host }, 'GET')).toBe(200);
  });

  it('pass on localhost and on addresses', async () => {
    await start({ authorize: () => true });
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      const Host = `${host}:${app!.port}`;
      expect(
        await rawAct(app!.port, {
          Host,
          Origin: `http://${Host}`,
          'Sec-Fetch-Site': 'same-origin',
        }),
      ).toBe(200);
    }
  });
});

function configure(thresholds: object): object {
  return { type: 'configure', name: 'payments', reason: 'tune', thresholds };
}

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code;
}

/** Headers that `fetch` would not let through; `undefined` leaves one out. */
function rawAct(
  port: number,
  headers: Record<string, string | undefined>,
  method = 'POST',
): Promise<number> {
  const all = {
    'Content-Type': 'application/json',
    'X-Circuit-Breaker-Action': 'test',
    ...headers,
  };
  const given = Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined),
  );
  return new Promise((resolve, reject) => {
    const path =
      method === 'POST' ? '/circuits/api/actions' : '/circuits/api/circuits';
    const sent = request(
      {
        port,
        host: '127.0.0.1',
        method,
        path,
        headers: given as Record<string, string>,
      },
      response => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    sent.on('error', reject);
    sent.end(method === 'POST' ? JSON.stringify(FORCE_OPEN) : undefined);
  });
}
