import { describe, expect, it } from '@jest/globals';
import { Admission, type Settler } from '../../lib/state/admission.js';
import { InFlightList } from '../../lib/state/in-flight-list.js';

const nobody: Settler = { settle() {}, firstValue() {}, withdraw() {} };

/** A call that has entered the list. */
function enter(list: InFlightList, startedAt: number, generation = 0) {
  const admission = new Admission(nobody, startedAt, generation, false);
  list.enter(admission);
  return admission;
}

const counts = ({ slow, judgedSlow }: InFlightList) => [slow, judgedSlow];

describe('the calls in flight', () => {
  it('are slow once they take strictly longer', () => {
    const list = new InFlightList(100);
    enter(list, 0);
    enter(list, 50);
    list.advance(100);
    expect(counts(list)).toEqual([0, 0]);
    list.advance(101);
    expect(counts(list)).toEqual([1, 1]);
    list.advance(151);
    expect(counts(list)).toEqual([2, 2]);
  });

  it('count no longer once they have left, whichever leaves', () => {
    const list = new InFlightList(100);
    const [first, second, third] = [0, 10, 20].map(at => enter(list, at));
    list.advance(115);
    expect(counts(list)).toEqual([2, 2]);
    list.leave(second!);
    expect(counts(list)).toEqual([1, 1]);
    list.leave(third!);
    expect(counts(list)).toEqual([1, 1]);
    list.leave(first!);
    list.advance(1_000);
    expect(counts(list)).toEqual([0, 0]);
  });

  it('keep nothing alive that has left', () => {
    const list = new InFlightList(100);
    const [first, second, third] = [0, 10, 20].map(at => enter(list, at));
    list.leave(second!);
    expect([second!.previous, second!.next]).toEqual([undefined, undefined]);
    expect(first!.next).toBe(third);
    expect(third!.previous).toBe(first);
  });

  it('are judged only in their own generation, also when they leave', () => {
    const list = new InFlightList(100);
    const old = enter(list, 0, 0);
    list.advance(101);
    list.startGeneration(1);
    expect(counts(list)).toEqual([1, 0]);
    enter(list, 101, 1);
    list.advance(202);
    expect(counts(list)).toEqual([2, 1]);
    list.leave(old);
    expect(counts(list)).toEqual([1, 1]);
  });

  it('are counted anew under another bound', () => {
    const list = new InFlightList(100);
    for (const at of [0, 50, 100, 150]) enter(list, at);
    list.advance(201);
    expect(counts(list)).toEqual([3, 3]);
    list.setSlowAfter(50, 201);
    expect(counts(list)).toEqual([4, 4]);
    list.setSlowAfter(180, 201);
    expect(counts(list)).toEqual([1, 1]);
    list.setSlowAfter(Infinity, 201);
    expect(counts(list)).toEqual([0, 0]);
    list.setSlowAfter(180, 201);
    list.advance(300);
    expect(counts(list)).toEqual([3, 3]);
  });
});
