import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import {
  defer,
  filter,
  mergeMap,
  of,
  range,
  Subject,
  take,
  throwError,
  type Observable,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  Circuit,
  holdWhileOpen,
  HeldBufferOverflowError,
  withCircuitBreaker,
  type CircuitOptions,
  type HoldOptions,
} from '../../lib/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

const OPTIONS: CircuitOptions = {
  consecutiveFailures: 2,
  openDuration: 1_000,
  openJitter: 0,
  halfOpen: { calls: 2, concurrency: 2 },
};

const BUFFER: HoldOptions<string> = { buffer: { size: 3 } };

function setUp(options: CircuitOptions = {}) {
  const clock = new VirtualClock();
  const circuit = new Circuit('queue', { ...OPTIONS, ...options }, { clock });
  const source = new Subject<string>();
  const seen: string[] = [];
  const watch = (stream: Observable<string>) =>
    stream.subscribe({
      next: value => seen.push(value),
      error: (error: unknown) => seen.push(`# ${String(error)}`),
      complete: () => seen.push('|'),
    });
  const open = () => {
    circuit.tryAcquire()!.failure(new Error('down'));
    circuit.tryAcquire()!.failure(new Error('down'));
    expect(circuit.state).toBe('open');
  };
  return { clock, circuit, source, seen, watch, open };
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('holdWhileOpen', () => {
  it('lets values, completion and errors through while the circuit is closed', () => {
    const scheduler = new TestScheduler((actual, expected) =>
      expect(actual).toEqual(expected),
    );
    scheduler.run(({ cold, expectObservable }) => {
      const circuit = new Circuit('marbles', OPTIONS);
      const hold = holdWhileOpen<string>(circuit, BUFFER);
      expectObservable(cold('-a-(bc)-|').pipe(hold)).toBe('-a-(bc)-|');
      expectObservable(cold('-a-#').pipe(hold)).toBe('-a-#');
    });
  });

  it('holds while the circuit is open, trickles in half-open, and lets go when it closes', () => {
    const scheduler = new TestScheduler((actual, expected) =>
      expect(actual).toEqual(expected),
    );
    scheduler.run(({ cold, hot, expectObservable }) => {
      const circuit = new Circuit(
        'marbles',
        { ...OPTIONS, openDuration: 10 },
        {
          clock: {
            now: () => scheduler.now(),
            wallTime: () => scheduler.now(),
            schedule: (delay, fn) => {
              const task = scheduler.schedule(fn, delay);
              return () => task.unsubscribe();
            },
          },
        },
      );
      // It fails for `x` and takes two frames for each of the others.
      const handle = (value: string) =>
        value === 'x' ? cold('#') : cold<string>('--(v|)', { v: value });
      const source = hot('-xx-a-b-c-d-e------------|');
      expectObservable(
        source.pipe(
          holdWhileOpen(circuit, { buffer: { size: 5 } }),
          mergeMap(value =>
            handle(value).pipe(
              withCircuitBreaker(circuit, { fallback: () => of('f') }),
            ),
          ),
        ),
        // Opened at 2, due at 12: one probe, then another, then the rest at once.
      ).toBe('-ff-----------a-b-(cde)--|');
    });
  });

  it('tries the first one when the wait is over, without any other call', () => {
    const { clock, circuit, source, seen, watch, open } = setUp();
    watch(source.pipe(holdWhileOpen(circuit, BUFFER)));
    open();
    source.next('a');
    source.next('b');
    clock.advance(999);
    expect(seen).toEqual([]);
    clock.advance(1);
    expect(seen).toEqual(['a']);
  });

  it('holds again when the probe fails', () => {
    const { clock, circuit, source, seen, watch, open } = setUp();
    let isDown = true;
    watch(
      source.pipe(
        holdWhileOpen(circuit, BUFFER),
        mergeMap(value =>
          defer(() =>
            isDown ? throwError(() => new Error('down')) : of(value),
          ).pipe(withCircuitBreaker(circuit, { fallback: () => of('!') })),
        ),
      ),
    );
    open();
    for (const value of ['a', 'b', 'c']) source.next(value);
    // One failed probe of two is a verdict.
    clock.advance(1_000);
    expect(seen).toEqual(['!']);
    expect(circuit.state).toBe('open');
    isDown = false;
    clock.advance(10_000);
    expect(seen).toEqual(['!', 'b', 'c']);
    expect(circuit.state).toBe('closed');
  });

  it('goes on after a second where a value that went on calls nobody', () => {
    const { clock, circuit, source, seen, watch, open } = setUp();
    watch(source.pipe(holdWhileOpen(circuit, BUFFER)));
    open();
    for (const value of ['a', 'b']) source.next(value);
    clock.advance(1_000);
    expect(seen).toEqual(['a']);
    clock.advance(1_000);
    expect(seen).toEqual(['a', 'b']);
  });

  it('keeps the order and waits with the completion', () => {
    const { circuit, source, seen, watch, open } = setUp();
    watch(source.pipe(holdWhileOpen(circuit, BUFFER)));
    open();
    for (const value of ['a', 'b', 'c']) source.next(value);
    source.complete();
    expect(seen).toEqual([]);
    circuit.reset();
    expect(seen).toEqual(['a', 'b', 'c', '|']);
  });

  it('waits with an error of the source, which says nothing of what came before', () => {
    const { circuit, source, seen, watch, open } = setUp();
    watch(source.pipe(holdWhileOpen(circuit, BUFFER)));
    open();
    source.next('a');
    source.error(new Error('gone'));
    circuit.reset();
    expect(seen).toEqual(['a', '# Error: gone']);
  });

  it('ends with what it held when the buffer overflows', () => {
    const { circuit, source, watch, open } = setUp();
    let error: unknown;
    source
      .pipe(holdWhileOpen(circuit, BUFFER))
      .subscribe({ error: (thrown: unknown) => (error = thrown) });
    watch(source);
    open();
    for (const value of ['a', 'b', 'c', 'd']) source.next(value);
    expect(error).toBeInstanceOf(HeldBufferOverflowError);
    expect(error).toMatchObject({
      circuit: 'queue',
      values: ['a', 'b', 'c', 'd'],
      message: expect.stringContaining('the 3 places'),
    });
  });

  it('drops the oldest if it may, and says which', () => {
    const { circuit, source, seen, watch, open } = setUp();
    const dropped: string[] = [];
    const buffer = {
      size: 2,
      onOverflow: 'drop-oldest' as const,
      onDrop: (value: string) => dropped.push(value),
    };
    watch(source.pipe(holdWhileOpen(circuit, { buffer })));
    open();
    for (const value of ['a', 'b', 'c', 'd']) source.next(value);
    circuit.reset();
    expect(dropped).toEqual(['a', 'b']);
    expect(seen).toEqual(['c', 'd']);
  });

  it('says in the log how many it dropped, once for each pause', () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const { circuit, source, watch, open } = setUp();
    const buffer = { size: 1, onOverflow: 'drop-oldest' as const };
    watch(source.pipe(holdWhileOpen(circuit, { buffer })));
    open();
    for (const value of ['a', 'b', 'c']) source.next(value);
    circuit.reset();
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining('dropped 2 values')],
    ]);
  });

  it('ends with the error of an onDrop that throws', () => {
    const { circuit, source, seen, watch, open } = setUp();
    const buffer = {
      size: 1,
      onOverflow: 'drop-oldest' as const,
      onDrop: () => {
        throw new Error('no place for it');
      },
    };
    watch(source.pipe(holdWhileOpen(circuit, { buffer })));
    open();
    source.next('a');
    source.next('b');
    expect(seen).toEqual(['# Error: no place for it']);
  });

  it('lets go of values, listeners and timers when it is unsubscribed', () => {
    const { clock, circuit, source, seen, watch, open } = setUp();
    const subscription = watch(source.pipe(holdWhileOpen(circuit, BUFFER)));
    open();
    source.next('a');
    expect(clock.pending).toBe(1);
    subscription.unsubscribe();
    expect(clock.pending).toBe(0);
    expect(source.observed).toBe(false);
    circuit.reset();
    expect(seen).toEqual([]);
  });

  it('stops a source that emits in its subscription', () => {
    const { circuit, open } = setUp();
    open();
    let errors = 0;
    let asked = 0;
    range(0, 1_000)
      .pipe(
        filter(() => ++asked > 0),
        holdWhileOpen(circuit, { buffer: { size: 3 } }),
      )
      .subscribe({ error: () => errors++ });
    expect({ errors, asked }).toEqual({ errors: 1, asked: 4 });
  });

  it('stops where take() has enough', () => {
    const { circuit, source, seen, watch, open } = setUp();
    watch(source.pipe(holdWhileOpen(circuit, BUFFER), take(1)));
    open();
    source.next('a');
    source.next('b');
    circuit.reset();
    expect(seen).toEqual(['a', '|']);
    expect(source.observed).toBe(false);
  });

  it('holds as long as the circuit is forced open, with no timer', () => {
    const { clock, circuit, source, seen, watch } = setUp();
    watch(source.pipe(holdWhileOpen(circuit, BUFFER)));
    circuit.forceOpen();
    source.next('a');
    expect(clock.pending).toBe(0);
    clock.advance(1_000_000);
    expect(seen).toEqual([]);
    circuit.releaseOverride();
    expect(seen).toEqual(['a']);
  });

  it('holds nothing in shadow mode', () => {
    const { circuit, source, seen, watch } = setUp({ mode: 'shadow' });
    watch(source.pipe(holdWhileOpen(circuit, BUFFER)));
    circuit.tryAcquire()!.failure(new Error('down'));
    circuit.tryAcquire()!.failure(new Error('down'));
    source.next('a');
    source.next('b');
    expect(seen).toEqual(['a', 'b']);
  });

  it('lists every bad option', () => {
    const { circuit } = setUp();
    expect(() =>
      holdWhileOpen(circuit, {
        buffer: { size: 0, onOverflow: 'explode' as never },
      }),
    ).toThrow(/size[\s\S]*onOverflow/);
  });
});
