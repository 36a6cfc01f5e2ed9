import { systemClock, type Clock } from '../state/clock.js';

/**
 * One timer that is used again and again. While nobody waits for it, it may rest:
 * it then does not keep the process alive, and waking it costs a fiftieth of a
 * new timer (`bench/`, "with a timeout").
 */
export class Alarm {
  private cancel: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private madeBy: typeof setTimeout | undefined;

  /** @param ring called when the time is up, also while the alarm rests */
  constructor(
    private readonly clock: Clock,
    private readonly ring: () => void,
  ) {}

  /** Whether it will ring. */
  get isSet(): boolean {
    // Test suites exchange the process's timers; what the others set never rings.
    return (
      this.cancel !== undefined ||
      (this.timer !== undefined && this.madeBy === setTimeout)
    );
  }

  /** Rings once after some time, whatever it was set to before. */
  set(milliseconds: number): void {
    this.stop();
    if (this.clock !== systemClock) {
      this.cancel = this.clock.schedule(milliseconds, this.fire);
      return;
    }
    this.madeBy = setTimeout;
    this.timer = setTimeout(this.fire, milliseconds);
  }

  /** Nobody waits any more. It may ring all the same. */
  rest(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.timer?.unref();
  }

  /** Somebody waits again; only for an alarm that is still set. */
  wake(): void {
    this.timer?.ref();
  }

  private stop(): void {
    this.cancel?.();
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.cancel = undefined;
    this.timer = undefined;
  }

  private readonly fire = (): void => {
    this.cancel = undefined;
    this.timer = undefined;
    this.ring();
  };
}
