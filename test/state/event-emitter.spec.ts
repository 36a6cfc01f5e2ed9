import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EventEmitter } from '../../lib/state/event-emitter.js';
import { CIRCUIT_EVENT_TYPES } from '../../lib/state/events.js';

let emitter: EventEmitter;
const onListenerError = jest.fn();
const wallTime = jest.fn(() => 1_000);

beforeEach(() => {
  onListenerError.mockClear();
  wallTime.mockClear();
  const circuit = { name: 'payments', key: 'eu' };
  emitter = new EventEmitter(circuit, { wallTime }, onListenerError);
});

/** Tells one event at once. */
function tell(type: 'success' | 'ignored' | 'slow'): void {
  emitter.tell(type, {}, 7, 12);
  emitter.flush();
}

describe('the events of a circuit', () => {
  it('carry what happened, to which circuit and when', () => {
    const listener = jest.fn();
    emitter.on(['failure'], listener);
    const error = new Error('down');
    emitter.tell('failure', { error }, 7);
    expect(listener).not.toHaveBeenCalled();
    emitter.flush();
    expect(listener.mock.calls).toEqual([
      [
        {
          type: 'failure',
          name: 'payments',
          key: 'eu',
          generation: 7,
          at: 1_000,
          duration: null,
          error,
        },
      ],
    ]);
  });

  it('reach those alone who listen to their kind', () => {
    const one = jest.fn();
    const two = jest.fn();
    emitter.on(['success', 'slow'], one);
    emitter.on(['ignored'], two);
    tell('slow');
    tell('success');
    tell('ignored');
    expect(one).toHaveBeenCalledTimes(2);
    expect(two).toHaveBeenCalledTimes(1);
  });

  it.each(CIRCUIT_EVENT_TYPES)(
    'reach nobody who listens to all kinds but theirs: %s',
    type => {
      const others = jest.fn();
      const own = jest.fn();
      emitter.on(
        CIRCUIT_EVENT_TYPES.filter(each => each !== type),
        others,
      );
      expect(emitter.hears(type)).toBe(false);
      emitter.on([type], own);
      emitter.tell(type as 'success', {}, 7);
      emitter.flush();
      expect(others).not.toHaveBeenCalled();
      expect(own).toHaveBeenCalledTimes(1);
    },
  );

  it('are not even built when nobody listens any more', () => {
    const stay = jest.fn();
    const stop = emitter.on(['success'], jest.fn());
    emitter.on(['ignored'], stay);
    stop();
    stop();
    expect([emitter.hears('success'), emitter.hears('ignored')]).toEqual([
      false,
      true,
    ]);
    tell('success');
    expect(wallTime).not.toHaveBeenCalled();
    tell('ignored');
    expect(stay).toHaveBeenCalledTimes(1);
  });

  it('reach nobody once all are unregistered', () => {
    const listener = jest.fn();
    const stop = emitter.on(['success'], listener);
    emitter.clear();
    tell('success');
    stop();
    expect(listener).not.toHaveBeenCalled();
    expect(emitter.interest).toBe(0);
  });

  it('reach nobody who was unregistered by another listener', () => {
    const first = jest.fn(() => emitter.clear());
    const second = jest.fn();
    emitter.on(['success'], first);
    emitter.on(['success'], second);
    tell('success');
    expect(first).toHaveBeenCalledTimes(1);
    expect(second).not.toHaveBeenCalled();
  });

  it('reach the others when a listener throws, which is told', () => {
    const error = new Error('of a listener');
    emitter.on(['success'], () => {
      throw error;
    });
    const listener = jest.fn();
    emitter.on(['success'], listener);
    tell('success');
    tell('success');
    expect(listener).toHaveBeenCalledTimes(2);
    const told = onListenerError.mock.calls.map(args => args.at(-1));
    expect(told).toEqual([error, error]);
  });

  it('are told in order, also those that a listener causes', () => {
    const types: string[] = [];
    emitter.on(['success'], () => tell('slow'));
    emitter.on(['success', 'slow', 'ignored'], ({ type }) => {
      types.push(type);
    });
    emitter.tell('success', {}, 7);
    emitter.tell('ignored', {}, 7);
    emitter.flush();
    expect(types).toEqual(['success', 'ignored', 'slow']);
  });
});
