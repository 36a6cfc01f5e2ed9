import type { PolicyHost } from '../../lib/policies/policy-host.js';
import { VirtualClock } from './virtual-clock.js';

/** What a circuit would lend to a policy, and what the policy told it. */
export class TestPolicyHost implements PolicyHost {
  readonly name = 'dependency';
  readonly reported: { what: string; error: unknown }[] = [];
  readonly warnings: string[] = [];
  captureStack = false;

  constructor(readonly clock = new VirtualClock()) {}

  readonly report = (what: string, error: unknown): void => {
    this.reported.push({ what, error });
  };

  readonly warn = (message: string): void => {
    this.warnings.push(message);
  };
}

/** Lets every promise that can settle do so. */
export function settled(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve);
  });
}
