import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { describe, expect, it, jest } from '@jest/globals';
import { of, Subject, take, throwError } from 'rxjs';
import { toItsOwnEnd } from '../../lib/circuit/to-its-own-end.js';

function openFile(): StreamableFile {
  return new StreamableFile(Readable.from(['content']));
}

describe('work that nobody can stop', () => {
  it('passes on what it answers, and tells of its end once', () => {
    const ended = jest.fn();
    const seen: number[] = [];
    toItsOwnEnd(of(1, 2), ended).subscribe(value => seen.push(value));
    expect(seen).toEqual([1, 2]);
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['end', of(1)],
    ['error', throwError(() => new Error('down'))],
  ])('tells of its %s before its subscriber hears of it', (_what, work) => {
    const told: string[] = [];
    const hear = () => void told.push('subscriber');
    toItsOwnEnd<number>(work, () => void told.push('end')).subscribe({
      error: hear,
      complete: hear,
    });
    expect(told).toEqual(['end', 'subscriber']);
  });

  it('closes a file that is open when nobody waits for it any more, and leaves one to who does', () => {
    const work = new Subject<StreamableFile>();
    const sent = openFile();
    const left = openFile();
    const subscription = toItsOwnEnd(work, () => {}).subscribe();
    work.next(sent);
    subscription.unsubscribe();
    work.next(left);
    expect(sent.getStream().destroyed).toBe(false);
    expect(left.getStream().destroyed).toBe(true);
  });

  it('ends by its own answer when nobody listens any more', () => {
    const work = new Subject<number>();
    const ended = jest.fn();
    toItsOwnEnd(work, ended).subscribe().unsubscribe();
    expect(ended).not.toHaveBeenCalled();
    work.next(1);
    expect(ended).toHaveBeenCalledTimes(1);
    expect(work.observed).toBe(false);
  });

  it("ends by its own error when nobody listens any more, which is nobody's to handle", () => {
    const work = new Subject<number>();
    const ended = jest.fn();
    toItsOwnEnd(work, ended).subscribe().unsubscribe();
    work.error(new Error('late'));
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it('that answers at once may be left after its first value', () => {
    const ended = jest.fn();
    const seen: number[] = [];
    toItsOwnEnd(of(1, 2, 3), ended)
      .pipe(take(1))
      .subscribe(value => seen.push(value));
    expect(seen).toEqual([1]);
    expect(ended).toHaveBeenCalled();
  });
});
