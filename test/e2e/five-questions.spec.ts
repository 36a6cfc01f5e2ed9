import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import {
  ConsoleLogger,
  Controller,
  Get,
  Injectable,
  Module,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CircuitBreakerModule } from '../../lib/circuit-breaker.module.js';
import { CircuitBreakerPrometheusModule } from '../../lib/prometheus/index.js';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { MetricsPage } from '../support/metrics-page.js';

const OPEN_MS = 1_500;

let isDown = false;

@Injectable()
class Gateway {
  @CircuitBreaker('payments', { fallback: () => 'queued' })
  async charge(): Promise<string> {
    if (isDown) throw new Error('HTTP 503');
    return 'paid';
  }

  @CircuitBreaker('search')
  async search(): Promise<string> {
    return 'found';
  }
}

@Controller()
class ShopController {
  constructor(private readonly gateway: Gateway) {}

  @Get('pay')
  pay() {
    return this.gateway.charge();
  }

  @Get('search')
  search() {
    return this.gateway.search();
  }
}

@Module({
  imports: [
    CircuitBreakerModule.forRoot({
      circuits: {
        payments: {
          minimumCalls: 10,
          openDuration: OPEN_MS,
          openJitter: 0,
          critical: true,
          halfOpen: { calls: 2 },
        },
      },
    }),
    CircuitBreakerPrometheusModule.forRoot({ path: '/metrics' }),
  ],
  controllers: [ShopController],
  providers: [Gateway],
})
class ShopModule {}

interface Line {
  level: string;
  message: string;
  params: Record<string, unknown> & { callers: Record<string, number> };
}

/** A timed outage of a small shop: what a person finds who is woken by it. */
describe('the five questions at three in the morning', () => {
  const lines: Line[] = [];
  let app: INestApplication;
  let url: string;
  let outageAt: number;

  beforeEach(async () => {
    isDown = false;
    lines.length = 0;
    const keep = (text: unknown) => {
      const line = JSON.parse(String(text)) as Line & { context: string };
      if (line.context === 'CircuitBreaker') lines.push(line);
      return true;
    };
    jest.spyOn(process.stdout, 'write').mockImplementation(keep);
    jest.spyOn(process.stderr, 'write').mockImplementation(keep);
    app = await NestFactory.create(ShopModule, {
      logger: new ConsoleLogger({ json: true }),
    });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();

    await call('pay', 10);
    await call('search', 3);
    outageAt = Date.now();
    isDown = true;
    // The tenth failure of twenty calls opens the circuit; ten more callers are refused.
    await call('pay', 20);
  });

  afterEach(async () => {
    await app.close();
    jest.restoreAllMocks();
  });

  async function call(path: string, times: number): Promise<void> {
    for (let calls = 0; calls < times; calls++) {
      expect((await fetch(`${url}/${path}`)).status).toBe(200);
    }
  }

  it('are answered by /metrics', async () => {
    const now = await MetricsPage.at(`${url}/metrics`);
    const openNow = now
      .all('circuit_breaker_state')
      .filter(({ value }) => value === 1)
      .map(({ labels }) => labels['name']);
    expect(openNow).toEqual(['payments']);

    const payments = { name: 'payments' };
    const since =
      now.value('circuit_breaker_state_since_timestamp_seconds', payments)! *
      1000;
    expect(since).toBeGreaterThanOrEqual(outageAt);
    expect(since).toBeLessThanOrEqual(Date.now());

    const rules = now
      .all('circuit_breaker_opened_by', payments)
      .filter(({ value }) => value === 1)
      .map(({ labels }) => labels['rule']);
    expect(rules).toEqual(['consecutiveFailures']);
    expect(now.value('circuit_breaker_failure_rate', payments)).toBe(0.5);

    // All that were refused, and all that failed, were answered by the fallback.
    const result = (of: string) =>
      now.value('circuit_breaker_calls_total', { ...payments, result: of });
    expect([result('success'), result('failure'), result('rejected')]).toEqual([
      10, 10, 10,
    ]);
    expect(now.value('circuit_breaker_fallbacks_total', payments)).toBe(20);

    expect(
      now.value('circuit_breaker_next_probe_timestamp_seconds', payments)! *
        1000,
    ).toBeCloseTo(since + OPEN_MS, 0);
  });

  it('are answered by the log', async () => {
    expect(lines).toHaveLength(1);
    const [{ level, message, params }] = lines as [Line];
    expect(level).toBe('error');
    expect(message).toMatch(
      /^Circuit "payments" is open because 10 calls in a row failed; the next probe may pass in 1(?:\.\d)? s; the last failure was Error: HTTP 503\. Callers are refused now or get their fallback, as they did 9 times for 10 failures so far\.$/,
    );
    expect(params).toMatchObject({
      circuit: 'payments',
      rule: 'consecutiveFailures',
      window: { calls: 20, failures: 10, failureRate: 0.5 },
    });
    const since = Date.parse(params['since'] as string);
    expect(since).toBeGreaterThanOrEqual(outageAt);
    expect(Date.parse(params['nextProbe'] as string)).toBe(since + OPEN_MS);
  });

  it('are answered again when it is over', async () => {
    isDown = false;
    await new Promise(resolve => {
      setTimeout(resolve, OPEN_MS + 20);
    });
    await call('pay', 3);

    expect(lines.map(({ level, params }) => [level, params['to']])).toEqual([
      ['error', 'open'],
      ['log', 'half-open'],
      ['log', 'closed'],
    ]);
    expect(lines[1]!.params.callers).toEqual({
      failures: 0,
      rejected: 10,
      fallbacks: 11,
      cacheHits: 0,
    });
    expect(lines[2]!.message).toContain('2 of 2 probes succeeded');

    const now = await MetricsPage.at(`${url}/metrics`);
    expect(now.value('circuit_breaker_state', { name: 'payments' })).toBe(0);
    expect(
      now
        .all('circuit_breaker_transitions_total', { name: 'payments' })
        .map(({ labels, value }) => [labels['from'], labels['to'], value]),
    ).toEqual([
      ['closed', 'open', 1],
      ['open', 'half-open', 1],
      ['half-open', 'closed', 1],
      ['half-open', 'open', 0],
    ]);
  });
});
