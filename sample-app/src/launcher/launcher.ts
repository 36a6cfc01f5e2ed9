import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A service that listens in a process of its own. */
export interface Service {
  name: string;
  pid: number;
  url: string;
}

/** Starts services as processes of their own and leaves none behind. */
export class Launcher {
  private readonly children = new Map<string, ChildProcess>();
  private stopping = false;

  /** @param output whether the services write to this terminal or to nowhere; errors are always shown */
  constructor(private readonly output: 'inherit' | 'ignore') {}

  /**
   * Starts `file` (relative to the built application) and waits until it listens.
   *
   * @throws Error if it ends before that
   */
  async launch(
    name: string,
    file: string,
    env: Record<string, string>,
  ): Promise<Service> {
    if (this.stopping) throw new Error(`Not started, as all stops: ${name}`);
    const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
    const child = fork(path, {
      env: { ...process.env, ...env },
      stdio: ['ignore', this.output, 'inherit', 'ipc'],
    });
    this.children.set(name, child);
    const port = await listening(name, child);
    return { name, pid: child.pid!, url: `http://127.0.0.1:${port}` };
  }

  /** Waits until a service ends, and answers with its name. */
  firstLoss(): Promise<string> {
    return Promise.race(
      [...this.children].map(async ([name, child]) => {
        if (isRunning(child)) await once(child, 'exit');
        return name;
      }),
    );
  }

  /** Stops every service by its pid; one that does not end within two seconds is killed. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(
      [...this.children.values()].filter(isRunning).map(async child => {
        const killer = setTimeout(() => child.kill('SIGKILL'), 2_000);
        child.kill('SIGTERM');
        await once(child, 'exit');
        clearTimeout(killer);
      }),
    );
  }
}

async function listening(name: string, child: ChildProcess): Promise<number> {
  const abort = new AbortController();
  const [first] = await Promise.race([
    once(child, 'message', abort),
    once(child, 'exit', abort),
  ]).finally(() => abort.abort());
  if (isPort(first)) return first.port;
  throw new Error(`${name} ended before it listened (exit code ${first})`);
}

function isPort(message: unknown): message is { port: number } {
  return typeof message === 'object' && message !== null && 'port' in message;
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
