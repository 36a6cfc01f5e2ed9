import { CircuitOpenException } from '../errors/circuit-open.exception.js';
import { RateLimitExceededException } from '../errors/rate-limit-exceeded.exception.js';
import { Bulkhead, type Place } from '../policies/bulkhead.js';
import { buildError, type PolicyHost } from '../policies/policy-host.js';
import { RateLimit } from '../policies/rate-limit.js';
import type { CallPermit } from '../state/admission.js';
import type { CircuitRules } from '../state/circuit-options.js';
import type { CircuitState } from '../state/circuit-state.js';
import { UNRECORDED, type StateMachine } from '../state/state-machine.js';

/** The right to make one attempt: the permit, and the place in the bulkhead if there is one. */
export interface Entry {
  readonly permit: CallPermit;
  readonly place: Place | undefined;
  /** Whether it passed the rate limit, if there is one: a token was spent then. */
  readonly passedLimit: boolean;
}

/** Why an attempt may not be made; the error is built when somebody wants it. */
export type Refusal = () => Error;

/** A refused attempt on its way back: its error is built if nobody answers for it. */
export class Refused {
  constructor(readonly error: Refusal) {}
}

/**
 * What an attempt passes before it runs, in this order: a look at the circuit,
 * the rate limit, the bulkhead, the circuit. An open circuit so answers before
 * anything waits or is spent.
 */
export class Gate {
  private rateLimit: RateLimit | undefined;
  private bulkhead: Bulkhead | undefined;
  /** Also while it is switched off: those whom it let in still run. */
  private ownBulkhead: Bulkhead | undefined;
  private ownRefusal: (() => CircuitOpenException) | undefined;

  constructor(
    private readonly machine: StateMachine,
    private readonly host: PolicyHost,
  ) {
    this.configure(machine.rules);
  }

  /** Nobody holds a place, not even a call that has timed out and still runs. */
  get isIdle(): boolean {
    return this.ownBulkhead === undefined || this.ownBulkhead.running === 0;
  }

  /** Nothing but the circuit itself is in the way. */
  get isBare(): boolean {
    return this.rateLimit === undefined && this.bulkhead === undefined;
  }

  configure({ rateLimit, bulkhead, mode }: CircuitRules): void {
    if (rateLimit === false) this.rateLimit = undefined;
    else if (this.rateLimit === undefined) {
      this.rateLimit = new RateLimit(rateLimit);
    } else this.rateLimit.configure(rateLimit, this.machine.now());
    if (bulkhead === false) this.bulkhead = undefined;
    else if (this.ownBulkhead === undefined) {
      this.bulkhead = this.ownBulkhead = new Bulkhead(bulkhead, this.host);
    } else {
      this.bulkhead = this.ownBulkhead;
      this.bulkhead.configure(bulkhead);
    }
    // Nobody waits for what refuses nobody.
    if (bulkhead === false || mode !== 'enforced') this.ownBulkhead?.letIn();
  }

  /** Enters without waiting. */
  tryEnter(): Entry | Refusal {
    const { mode } = this.machine.rules;
    if (this.isBare || mode === 'disabled') return this.acquire(undefined);
    if (mode === 'shadow') return this.passInShadow();
    const refusal = this.passLimits();
    if (refusal !== undefined) return refusal;
    const place = this.bulkhead?.tryEnter();
    if (this.bulkhead !== undefined && place === undefined) {
      return this.refuseFull(this.bulkhead.rejection);
    }
    return this.acquire(place, true);
  }

  /**
   * Enters, in turn if the bulkhead has a queue. A probe never waits in one, and
   * whoever has waited asks the circuit at the end.
   *
   * @throws (as a rejection) the signal's reason, at its abort in the queue
   */
  enter(
    signal: AbortSignal | undefined,
  ): Entry | Refusal | Promise<Entry | Refusal> {
    const { bulkhead } = this;
    if (bulkhead === undefined || !this.isEnforced || this.wouldProbe) {
      return this.tryEnter();
    }
    const refusal = this.passLimits();
    if (refusal !== undefined) return refusal;
    const entered = bulkhead.enter(signal);
    if (!(entered instanceof Promise)) return this.acquire(entered, true);
    return entered.then(
      place => {
        // A place that was promised is ours even if the caller has gone meanwhile.
        if (signal?.aborted !== true) return this.acquire(place, true);
        place.release();
        this.rateLimit?.giveBack();
        throw signal.reason;
      },
      (error: unknown) => {
        if (signal?.aborted !== true) {
          return this.refuseFull(() => error as Error);
        }
        this.rateLimit?.giveBack();
        throw error;
      },
    );
  }

  /** Takes back an entry whose call was none after all, with its token. */
  withdraw({ permit, place, passedLimit }: Entry): void {
    permit.withdraw();
    place?.release();
    if (passedLimit) this.rateLimit?.giveBack();
  }

  /** Counts the refusal of a call that the circuit would refuse; admits nothing. */
  refuseByCircuit(): Refusal | undefined {
    if (this.machine.wouldAdmit()) return undefined;
    const permit = this.machine.tryAcquire();
    if (permit === undefined) return this.circuitOpen;
    // The wait ran out between the two looks.
    permit.withdraw();
    return undefined;
  }

  /** Whether the circuit would admit a call now. */
  wouldAdmit(): boolean {
    return this.machine.wouldAdmit();
  }

  /** Whether {@link tryEnter} would let a call in; counts and takes nothing. */
  get hasRoom(): boolean {
    const { machine, rateLimit, bulkhead } = this;
    if (!this.isEnforced) return true;
    return (
      this.wouldAdmit() &&
      (rateLimit === undefined || rateLimit.retryAfter(machine.now()) === 0) &&
      (bulkhead === undefined || bulkhead.hasPlace)
    );
  }

  /**
   * The error of a call that the circuit refuses. The function is made at the first
   * one: most circuits of a large application refuse none (`bench/`, "idle").
   */
  get circuitOpen(): () => CircuitOpenException {
    return (this.ownRefusal ??= () => this.buildRefusal(this.machine.now()));
  }

  /**
   * The same, right after the refusal: its reading of the clock is still the time, and
   * another one would be a tenth of its cost (`bench/`, "open, rejected").
   */
  circuitOpenNow(): CircuitOpenException {
    return this.buildRefusal(this.machine.time);
  }

  private get isEnforced(): boolean {
    return this.machine.rules.mode === 'enforced';
  }

  private get wouldProbe(): boolean {
    const { state } = this.machine.phase;
    return state === 'open' || state === 'half-open';
  }

  private buildRefusal(now: number): CircuitOpenException {
    const { machine } = this;
    const retryAfter = machine.retryAfter(now);
    return buildError(
      this.host,
      () =>
        new CircuitOpenException(
          machine.name,
          retryAfter === null ? null : Math.ceil(retryAfter),
          `Circuit "${machine.name}" is ${REFUSING[machine.phase.state] ?? 'open'}`,
        ),
    );
  }

  private passLimits(): Refusal | undefined {
    const { machine, rateLimit } = this;
    // Looks before it spends a token or a place; the refusal is the circuit's own.
    const refusal = this.refuseByCircuit();
    if (refusal !== undefined || rateLimit === undefined) return refusal;
    const now = machine.now();
    if (rateLimit.tryTake(now)) return undefined;
    const retryAfter = Math.ceil(rateLimit.retryAfter(now));
    machine.countRefusal('RATE_LIMITED', retryAfter);
    return () =>
      buildError(
        this.host,
        () => new RateLimitExceededException(machine.name, retryAfter),
      );
  }

  /** The token of a call that is not made is given back. */
  private refuseFull(refusal: Refusal): Refusal {
    this.rateLimit?.giveBack();
    this.machine.countRefusal('BULKHEAD_FULL', null);
    return refusal;
  }

  private acquire(
    place: Place | undefined,
    passedLimit = false,
  ): Entry | Refusal {
    const permit = this.machine.tryAcquire();
    if (permit !== undefined) return { permit, place, passedLimit };
    place?.release();
    this.rateLimit?.giveBack();
    return this.circuitOpen;
  }

  /** One call is refused once: what would have refused it first counts, and nothing behind that is asked. */
  private passInShadow(): Entry {
    const { machine, rateLimit, bulkhead } = this;
    const permit = machine.tryAcquire() ?? UNRECORDED;
    if (permit === UNRECORDED) {
      return { permit, place: undefined, passedLimit: false };
    }
    const isInTime = rateLimit?.tryTake(machine.now()) ?? true;
    const place = isInTime ? bulkhead?.tryEnterUncrowded() : undefined;
    if (!isInTime || (bulkhead !== undefined && place === undefined)) {
      machine.countWouldReject();
    }
    return { permit, place, passedLimit: isInTime };
  }
}

const REFUSING: Partial<Record<CircuitState, string>> = {
  'half-open': 'half-open and all its probes are taken',
  'forced-open': 'forced open',
};
