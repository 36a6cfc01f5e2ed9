import { randomUUID } from 'node:crypto';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { applicationRegistry } from '../registry/application-registry.js';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import { parseOptions } from '../state/parse-options.js';
import { ActionRunner } from './action-runner.js';
import { viewCircuit } from './circuit-view.js';
import {
  DASHBOARD_OPTIONS,
  dashboardOptionsSchema,
  type CircuitBreakerDashboardOptions,
  type DashboardRequest,
  type DashboardSettings,
} from './dashboard-options.js';
import type { Exchange } from './exchange.js';
import { LiveFeed } from './live-feed.js';
import { pageFiles } from './page-files.js';
import { checkAction, checkRequest } from './request-check.js';
import { chooseCircuits, findCircuit } from './roster.js';
import { TrafficSampler } from './traffic-sampler.js';
import { Viewer } from './viewer.js';

const SAMPLE_EVERY_MS = 1_000;

/** Answers the dashboard's requests, on every platform alike. */
@Injectable()
export class Dashboard
  implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown
{
  private readonly logger = new Logger('CircuitBreakerDashboard');
  private readonly settings: DashboardSettings;
  private readonly instance = randomUUID();
  // The registry is built asynchronously: it is there when the modules are.
  private registry!: CircuitBreakerRegistry;
  private sampler!: TrafficSampler;
  private feed!: LiveFeed;
  private actions!: ActionRunner;
  private timer: NodeJS.Timeout | undefined;
  private isClosing = false;

  constructor(
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
    @Inject(DASHBOARD_OPTIONS) options: CircuitBreakerDashboardOptions,
  ) {
    this.settings = parseOptions(
      dashboardOptionsSchema,
      options,
      'CircuitBreakerDashboardModule',
    );
  }

  onModuleInit(): void {
    this.registry = applicationRegistry(
      this.moduleRef,
      'CircuitBreakerDashboardModule',
    );
    const { authorize } = this.settings;
    this.sampler = new TrafficSampler(this.registry);
    this.feed = new LiveFeed(this.registry, this.sampler, {
      instance: this.instance,
      actions: authorize !== undefined,
    });
    this.actions = new ActionRunner(this.registry, authorize, this.instance);
  }

  onApplicationBootstrap(): void {
    this.sampler.sample(Date.now());
    this.timer = setInterval(() => {
      this.sampler.sample(Date.now());
      this.feed.tick();
    }, SAMPLE_EVERY_MS).unref();
  }

  /** A stream never ends by itself, and an open one keeps the server from closing. */
  beforeApplicationShutdown(): void {
    this.isClosing = true;
    clearInterval(this.timer);
    this.feed.close();
  }

  page(exchange: Exchange): void {
    if (this.turnsAway(exchange)) return;
    const directory = lastPartOf(exchange.url);
    // The page's own addresses are relative, so that they survive a proxy's path.
    if (directory !== '') return exchange.redirect(`${directory}/`);
    this.sendFile(exchange, 'index.html');
  }

  asset(exchange: Exchange): void {
    if (this.turnsAway(exchange)) return;
    this.sendFile(exchange, `assets/${lastPartOf(exchange.url)}`, {
      'Cache-Control': 'private, max-age=31536000, immutable',
    });
  }

  /** What is not there. */
  nothing(exchange: Exchange): void {
    exchange.refuse({
      status: 404,
      code: 'NOT_FOUND',
      message: 'There is nothing here.',
    });
  }

  circuits(exchange: Exchange): void {
    if (this.turnsAway(exchange)) return;
    const name = exchange.url.searchParams.get('name');
    const { circuits, omitted } = chooseCircuits(
      name === null
        ? this.registry
        : Array.from(this.registry).filter(circuit => circuit.name === name),
    );
    exchange.json(200, {
      ...this.head(),
      circuits: circuits.map(viewCircuit),
      omitted,
    });
  }

  circuit(exchange: Exchange): void {
    if (this.turnsAway(exchange)) return;
    const { searchParams } = exchange.url;
    const circuit = findCircuit(
      this.registry,
      searchParams.get('name'),
      searchParams.get('key'),
    );
    if (circuit === undefined) {
      return exchange.refuse({
        status: 404,
        code: 'NO_CIRCUIT',
        message:
          'There is no such circuit. Give its name, and its key if it has one.',
      });
    }
    exchange.json(200, {
      ...this.head(),
      circuit: {
        ...viewCircuit(circuit),
        history: this.sampler.historyOf(circuit, 1),
      },
    });
  }

  events(exchange: Exchange): void {
    if (this.turnsAway(exchange)) return;
    if (this.isClosing || !this.feed.hasRoom) {
      exchange.response.setHeader('Retry-After', '5');
      return exchange.refuse({
        status: 503,
        code: 'NO_ROOM',
        message: this.isClosing
          ? 'The application is closing.'
          : 'Too many read the stream already.',
      });
    }
    if (!exchange.stream()) return;
    const viewer = new Viewer(exchange.response, () => this.feed.everything());
    exchange.response.once('close', () => this.feed.remove(viewer));
    this.feed.add(viewer);
  }

  /** @param request as the platform has it: `authorize` looks at it */
  async act(exchange: Exchange, request: DashboardRequest): Promise<void> {
    const refusal = checkAction(
      exchange.request.headers,
      this.settings.allowedHosts,
    );
    if (refusal !== undefined) return exchange.refuse(refusal);
    try {
      const outcome = await this.actions.run(request, await exchange.body());
      if ('refusal' in outcome) exchange.refuse(outcome.refusal);
      else exchange.json(200, { ...this.head(), ...outcome });
    } catch (error) {
      // Fastify has given the response to us: Nest can answer nothing here.
      this.logger.error(
        `An action failed: ${String(error)}`,
        error instanceof Error ? error.stack : undefined,
      );
      exchange.refuse({
        status: 500,
        code: 'FAILED',
        message: 'The action failed; the log says why.',
      });
    }
  }

  private head() {
    const actions = this.settings.authorize !== undefined;
    const { sharedView: fleet } = this.registry;
    return { at: Date.now(), instance: this.instance, actions, fleet };
  }

  private turnsAway(exchange: Exchange): boolean {
    const refusal = checkRequest(
      exchange.request.headers,
      this.settings.allowedHosts,
    );
    if (refusal !== undefined) exchange.refuse(refusal);
    return refusal !== undefined;
  }

  private sendFile(
    exchange: Exchange,
    name: string,
    headers?: Record<string, string>,
  ): void {
    const file = pageFiles[name];
    if (file === undefined) this.nothing(exchange);
    else exchange.send(200, file.type, file.content, headers);
  }
}

/** What stands after the last slash of a path. */
function lastPartOf({ pathname }: URL): string {
  return pathname.slice(pathname.lastIndexOf('/') + 1);
}
