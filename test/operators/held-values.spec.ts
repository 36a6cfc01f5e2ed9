import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Subject } from 'rxjs';
import {
  Circuit,
  holdWhileOpen,
  type CircuitOptions,
  type HoldOptions,
} from '../../lib/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A stream that holds, behind an open circuit that is due after 1.5 s. */
function setUp(
  options: CircuitOptions = {},
  buffer: HoldOptions<string>['buffer'] = { size: 5 },
) {
  const clock = new VirtualClock();
  const circuit = new Circuit(
    'queue',
    {
      consecutiveFailures: 1,
      openDuration: 1_500,
      openJitter: 0,
      halfOpen: { calls: 5, concurrency: 2 },
      ...options,
    },
    { clock },
  );
  const source = new Subject<string>();
  const seen: string[] = [];
  source.pipe(holdWhileOpen(circuit, { buffer })).subscribe(value => {
    seen.push(value);
  });
  circuit.tryAcquire()!.failure(new Error('down'));
  const send = (...values: string[]) => {
    for (const value of values) source.next(value);
  };
  return { clock, circuit, seen, send };
}

/** Whether anybody listens to the circuit. */
const isHeard = ({ machine }: Circuit) => machine.emitter.interest !== 0;

afterEach(() => {
  jest.restoreAllMocks();
});

describe('values that wait for an open circuit', () => {
  it('go on when it is due, not before', () => {
    const { clock, seen, send } = setUp();
    send('a', 'b');
    clock.advance(1_499);
    expect(seen).toEqual([]);
    clock.advance(1);
    expect(seen).toEqual(['a']);
  });

  it.each(['success', 'failure', 'release'] as const)(
    'go on one after another at the end of the call before: %s',
    end => {
      const { clock, circuit, seen, send } = setUp();
      send('a', 'b');
      clock.advance(1_500);
      const permit = circuit.tryAcquire()!;
      // That it probes now is no end.
      expect(circuit.state).toBe('half-open');
      expect(seen).toEqual(['a']);
      permit[end]();
      expect(seen).toEqual(['a', 'b']);
    },
  );

  it('remember that the call before has ended when the next one comes late', () => {
    const { clock, circuit, seen, send } = setUp();
    send('a');
    clock.advance(1_500);
    circuit.tryAcquire()!.success();
    send('b');
    expect(seen).toEqual(['a', 'b']);
  });

  it('wait for the end of the call before when the next one comes early', () => {
    const { clock, circuit, seen, send } = setUp();
    send('a');
    clock.advance(1_500);
    const permit = circuit.tryAcquire()!;
    send('b');
    expect(seen).toEqual(['a']);
    permit.success();
    expect(seen).toEqual(['a', 'b']);
  });

  it('try again after a second where others have taken the places', () => {
    const { clock, circuit, seen, send } = setUp();
    clock.advance(1_500);
    const permits = [circuit.tryAcquire()!, circuit.tryAcquire()!];
    send('a');
    expect([seen, clock.pending]).toEqual([[], 1]);
    clock.advance(60_000);
    expect(permits).toHaveLength(2);
    expect(seen).toEqual(['a']);
  });

  it('go on at once when the circuit is to refuse nobody', () => {
    const { circuit, seen, send } = setUp();
    send('a', 'b');
    circuit.configure({ mode: 'shadow' });
    expect(seen).toEqual(['a', 'b']);
  });

  it('go on all together when somebody holds it closed', () => {
    const { circuit, seen, send } = setUp();
    send('a', 'b');
    circuit.forceClosed();
    expect(seen).toEqual(['a', 'b']);
    send('c', 'd');
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
  });

  it('leave neither a listener nor a timer once all have gone on', () => {
    const { clock, circuit, send } = setUp();
    expect(isHeard(circuit)).toBe(false);
    send('a');
    expect(isHeard(circuit)).toBe(true);
    circuit.reset();
    expect([isHeard(circuit), clock.pending]).toEqual([false, 0]);
    send('b');
    expect([isHeard(circuit), clock.pending]).toEqual([false, 0]);
  });

  it('are dropped no more than there are too many', () => {
    const dropped: string[] = [];
    const { circuit, seen, send } = setUp(
      {},
      {
        size: 2,
        onOverflow: 'drop-oldest',
        onDrop: value => dropped.push(value as string),
      },
    );
    send('a', 'b', 'c');
    circuit.reset();
    expect([dropped, seen]).toEqual([['a'], ['b', 'c']]);
  });

  it('are told of as dropped at each pause, and only then', () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const { circuit, send } = setUp({}, { size: 1, onOverflow: 'drop-oldest' });
    send('a', 'b');
    circuit.reset();
    send('c');
    expect(warn.mock.calls).toEqual([
      [
        'Circuit "queue": holdWhileOpen dropped 1 value while it held; its buffer has 1 places.',
      ],
    ]);
    circuit.tryAcquire()!.failure(new Error('down'));
    send('d', 'e', 'f');
    circuit.reset();
    expect(warn).toHaveBeenLastCalledWith(
      'Circuit "queue": holdWhileOpen dropped 2 values while it held; its buffer has 1 places.',
    );
  });
});
