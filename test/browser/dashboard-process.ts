import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SharedViewStatus } from '../../lib/registry/registry-coordinator.js';
import type { SharedSnapshot } from '../../lib/state/coordinator.js';

/** What `dashboard-app.mjs` is started with. */
export interface DashboardAppSettings {
  readonly platform?: 'express' | 'fastify';
  readonly port?: number;
  readonly prefix?: string;
  readonly path?: string;
  readonly circuits?: Readonly<Record<string, object>>;
  readonly defaults?: object;
  /** Who may act, and what `authorize` answers; without it the page is read-only. */
  readonly people?: Readonly<Record<string, boolean | string>>;
  /** How many more circuits there are, called `service-0` and so on. */
  readonly many?: number;
  /** `false` for the same application without the dashboard. */
  readonly dashboard?: boolean;
}

interface Steering {
  readonly call: 'play' | 'traffic' | 'fleet' | 'close';
  readonly name?: string;
  readonly key?: string;
  readonly outcome?: 'success' | 'failure';
  readonly times?: number;
  readonly perSecond?: number;
  readonly status?: SharedViewStatus;
  readonly shared?: SharedSnapshot;
}

/** The application of `dashboard-app.mjs`, running. */
export class DashboardProcess {
  /** What it has written so far, logs included. */
  output = '';
  private count = 0;

  private constructor(
    private readonly child: ChildProcess,
    private readonly settings: DashboardAppSettings,
    readonly port: number,
  ) {
    const take = (chunk: Buffer) => (this.output += chunk.toString());
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
  }

  static async start(
    settings: DashboardAppSettings,
  ): Promise<DashboardProcess> {
    const file = fileURLToPath(new URL('dashboard-app.mjs', import.meta.url));
    const child = fork(file, {
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        NO_COLOR: '1',
        DASHBOARD_APP: JSON.stringify(settings),
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let complaint = '';
    child.stderr?.on('data', chunk => (complaint += String(chunk)));
    const gone = once(child, 'exit').then(() => {
      throw new Error(
        `The application did not start (is the package built?):\n${complaint}`,
      );
    });
    const [message] = (await Promise.race([once(child, 'message'), gone])) as [
      { port: number },
    ];
    gone.catch(() => undefined);
    return new DashboardProcess(child, settings, message.port);
  }

  /** Where the page is. */
  get url(): string {
    const { prefix = '', path = 'circuits' } = this.settings;
    const parts = [prefix, path].filter(part => part !== '').join('/');
    return `http://127.0.0.1:${this.port}/${parts}/`;
  }

  /** Calls through one of its circuits, and waits until that is done. */
  async play(
    name: string,
    outcome: 'success' | 'failure',
    times: number,
    key?: string,
  ): Promise<void> {
    await this.steer({
      call: 'play',
      name,
      outcome,
      times,
      ...(key === undefined ? {} : { key }),
    });
  }

  /** Has it call its circuits, all in turn, until it ends. */
  async traffic(perSecond: number): Promise<void> {
    await this.steer({ call: 'traffic', perSecond });
  }

  /** Has it be one of a fleet that tells this of itself and of each circuit. */
  async joinFleet(
    status: SharedViewStatus,
    shared: SharedSnapshot,
  ): Promise<void> {
    await this.steer({ call: 'fleet', status, shared });
  }

  /** Closes the application as a deployment does; answers how long it took, in milliseconds. */
  async close(): Promise<number> {
    const start = performance.now();
    const gone = once(this.child, 'exit');
    this.child.send({ call: 'close' } satisfies Steering);
    await gone;
    return performance.now() - start;
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  /** The same application on the same port. */
  restart(): Promise<DashboardProcess> {
    return DashboardProcess.start({ ...this.settings, port: this.port });
  }

  private async steer(steering: Steering): Promise<void> {
    const id = this.count++;
    const done = new Promise<void>(resolve => {
      const hear = (message: unknown) => {
        if ((message as { id?: number }).id !== id) return;
        this.child.off('message', hear);
        resolve();
      };
      this.child.on('message', hear);
    });
    this.child.send({ id, ...steering });
    await done;
  }
}
