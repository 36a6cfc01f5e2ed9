import { clearScreenDown, moveCursor } from 'node:readline';
import type { Phase } from './phase.js';
import { phaseTable } from './phase-table.js';

/**
 * Shows the demo while it runs: on a terminal one table that is drawn anew, in
 * a pipe plain lines as things happen and the table at the end.
 */
export class Screen {
  private readonly isLive = process.stdout.isTTY;
  private headline = '';
  private drawnLines = 0;
  private printed = 0;

  constructor(private readonly phases: Phase[]) {}

  /** Tells what happens now. */
  say(headline: string): void {
    this.headline = headline;
    if (this.isLive) this.draw();
    else console.log(`\n${headline}`);
  }

  /** Shows the latest figures. */
  update(): void {
    if (this.isLive) return this.draw();
    const [titles, ...lines] = phaseTable(this.phases, false);
    if (this.printed === 0) console.log(titles);
    // The last phase printed may have gone on, and ended, since.
    console.log(lines.slice(Math.max(0, this.printed - 1)).join('\n'));
    this.printed = lines.length;
  }

  /** Leaves the whole table on the screen. */
  finish(): void {
    if (this.isLive) this.draw();
    else console.log(`\n${phaseTable(this.phases, false).join('\n')}`);
    this.drawnLines = 0;
  }

  private draw(): void {
    const lines = [...phaseTable(this.phases, true), '', this.headline];
    moveCursor(process.stdout, 0, -this.drawnLines);
    clearScreenDown(process.stdout);
    console.log(lines.join('\n'));
    this.drawnLines = lines.length;
  }
}
