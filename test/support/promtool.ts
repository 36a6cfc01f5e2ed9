import { spawnSync } from 'node:child_process';
import { notTested } from './not-tested.js';

/**
 * Whether Prometheus's `promtool` is on this machine, after an attempt to install
 * it. Without it the suite is to be skipped, never to pass: that is told loudly,
 * and it is a failure with `CI=true`.
 *
 * @throws Error in CI if it cannot be had
 */
export function hasPromtool(): boolean {
  if (isThere() || (install(), isThere())) return true;
  return notTested(
    'No promtool on this machine: the alert rules were NOT tested. Install it with: apt-get install -y --no-install-recommends prometheus',
  );
}

/** Runs it in a folder, and answers with all that it wrote if it failed. */
export function promtool(folder: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, {
    cwd: folder,
    encoding: 'utf8',
  });
  return status === 0 ? 'success' : `${stdout}${stderr}`;
}

function isThere(): boolean {
  return spawnSync('promtool', ['--version']).status === 0;
}

/** Debian's package, which may start a server: that one is stopped again, and no other. */
function install(): void {
  if (process.getuid?.() !== 0) return;
  const before = new Set(servers());
  spawnSync(
    'sh',
    [
      '-c',
      'apt-get update -qq && apt-get install -y -qq --no-install-recommends prometheus',
    ],
    {
      stdio: 'ignore',
      timeout: 120_000,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    },
  );
  for (const pid of servers()) {
    if (!before.has(pid)) process.kill(pid);
  }
}

function servers(): number[] {
  const { stdout } = spawnSync('pgrep', ['-x', 'prometheus'], {
    encoding: 'utf8',
  });
  return (stdout ?? '').split('\n').filter(Boolean).map(Number);
}
