import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of the run, which answers each order with one message. */
export class Child {
  /** Rejects when the process ends, which it does not do by itself. */
  private readonly ended: Promise<never>;

  private constructor(private readonly process: ChildProcess) {
    this.ended = once(process, 'exit').then(([code]) => {
      throw new Error(`A process of the run has ended with ${code}`);
    });
    this.ended.catch(() => {});
  }

  /** Starts a file of this folder; its first message is its greeting. */
  static async start<Greeting>(
    file: string,
    args: readonly (string | number)[],
  ): Promise<{ child: Child; greeting: Greeting }> {
    const process = fork(
      fileURLToPath(new URL(file, import.meta.url)),
      args.map(String),
      { execArgv: ['--expose-gc', '--enable-source-maps'] },
    );
    const child = new Child(process);
    return { child, greeting: await child.next<Greeting>() };
  }

  async ask<Answer>(order: string): Promise<Answer> {
    const answer = this.next<Answer>();
    this.process.send(order);
    return answer;
  }

  tell(order: string): void {
    this.process.send(order);
  }

  stop(): void {
    this.process.kill('SIGKILL');
  }

  private async next<T>(): Promise<T> {
    const message = new Promise<T>(resolve =>
      this.process.once('message', resolve),
    );
    return Promise.race([message, this.ended]);
  }
}
