import { describe } from '@jest/globals';
import { notTested } from '../support/not-tested.js';
import { findChromium } from './chromium.mjs';

/**
 * Tests that need a browser to look with. Without one they are skipped, which is
 * told loudly; in CI that is a failure.
 */
export function describeInChromium(name: string, declare: () => void): void {
  const hasChromium =
    findChromium() ||
    notTested(
      'No chromium on this machine: the pages were NOT tested in a browser. Install it with: apt-get install -y --no-install-recommends chromium',
    );
  (hasChromium ? describe : describe.skip)(name, declare);
}
