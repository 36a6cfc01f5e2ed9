import { notTested } from '../support/not-tested.js';
import { findChromium } from './chromium.mjs';

/** Whether there is a browser to look with. In CI its absence is a failure, elsewhere it is told loudly. */
export function hasChromium(): boolean {
  return (
    findChromium() ||
    notTested(
      'No chromium on this machine: the pages were NOT tested in a browser. Install it with: apt-get install -y --no-install-recommends chromium',
    )
  );
}
