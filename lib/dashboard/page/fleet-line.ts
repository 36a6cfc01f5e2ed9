import type { SharedViewStatus } from '../../registry/registry-coordinator.js';
import { byId, setText } from './element.js';
import { plural } from './wording.js';

/** Says whether other instances share these circuits; nothing where none ever do. */
export function showFleet(fleet: SharedViewStatus | null): void {
  const line = byId('fleet');
  line.hidden = fleet === null;
  if (fleet === null) return;
  line.classList.toggle('is-apart', !fleet.joined);
  setText(
    line,
    fleet.joined
      ? `Fleet of ${plural(fleet.instances, 'instance')}`
      : 'Fleet out of reach: this instance decides alone',
  );
}
