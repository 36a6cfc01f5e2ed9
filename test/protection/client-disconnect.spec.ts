import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import {
  catchError,
  concat,
  defer,
  finalize,
  ignoreElements,
  NEVER,
  of,
  Subject,
  switchMap,
  takeUntil,
  throwError,
  type Observable,
} from 'rxjs';
import { untilClientLeaves } from '../../lib/protection/client-disconnect.js';

type Protect = Parameters<typeof untilClientLeaves<string>>[2];

/** What is seen of the answer to a request by whoever waits for it. */
function ask(
  handled: Observable<string>,
  protect: Protect = answers => answers,
  response: unknown = new EventEmitter(),
  type = 'http',
) {
  const context = {
    getType: () => type,
    switchToHttp: () => ({ getResponse: () => response }),
  } as unknown as ExecutionContext;
  const seen: unknown[] = [];
  const subscription = untilClientLeaves(context, handled, protect).subscribe({
    next: value => seen.push(value),
    error: (error: Error) => seen.push(error.message),
    complete: () => seen.push('complete'),
  });
  return { seen, subscription, leave: () => closeOf(response) };
}

/** Tells that a connection is closed. */
function closeOf(response: unknown): void {
  (response as EventEmitter).emit('close');
}

/** A handler that counts how often it runs. */
function counted(answers: Observable<string>) {
  const handler = {
    runs: 0,
    handled: defer(() => {
      handler.runs++;
      return answers;
    }),
  };
  return handler;
}

describe('a client who leaves', () => {
  it.each([
    ['completes', () => {}, ['late', 'complete']],
    [
      'fails',
      (answers: Subject<string>) => answers.error(new Error('down')),
      ['late', 'down'],
    ],
  ])(
    'while the handler runs gives the permit back; that runs on until it %s',
    (_how, end, expected) => {
      const answers = new Subject<string>();
      const handler = counted(answers);
      let isReleased = false;
      const { seen, leave } = ask(handler.handled, guarded =>
        guarded.pipe(finalize(() => (isReleased = true))),
      );

      leave();

      expect(isReleased).toBe(true);
      expect(seen).toEqual([]);
      answers.next('late');
      end(answers);
      answers.complete();
      expect(seen).toEqual(expected);
      expect(handler.runs).toBe(1);
    },
  );

  it('while others wait for the same answer leaves it to them, also when the answer to the client is given up', () => {
    const answers = new Subject<string>();
    const others: unknown[] = [];
    const { leave, subscription } = ask(answers, guarded => {
      guarded.subscribe({
        next: value => others.push(value),
        complete: () => others.push('complete'),
      });
      return guarded;
    });

    leave();
    subscription.unsubscribe();
    answers.next('answer');
    answers.complete();

    expect(others).toEqual(['answer', 'complete']);
  });

  it('while the call waits in a queue ends it, and nothing runs', () => {
    const handler = counted(of('answer'));
    let isReleased = false;
    const queue = new Subject<void>();
    const { seen, leave } = ask(handler.handled, guarded =>
      queue.pipe(
        switchMap(() => guarded),
        finalize(() => (isReleased = true)),
      ),
    );

    leave();

    expect(isReleased).toBe(true);
    expect(seen).toEqual([undefined, 'complete']);
    expect(handler.runs).toBe(0);
  });

  it.each([
    ['has answered', of('value')],
    ['has failed', throwError(() => new Error('down'))],
  ])(
    'when the handler %s leaves alone what answers in its place',
    (_how, answers) => {
      const stored = new Subject<string>();
      const { seen, leave } = ask(answers, guarded =>
        concat(
          guarded.pipe(
            ignoreElements(),
            catchError(() => of<string>()),
          ),
          stored,
        ),
      );

      leave();
      stored.next('stored');
      stored.complete();

      expect(seen).toEqual(['stored', 'complete']);
    },
  );

  it('when a fallback answers leaves it alone', () => {
    const fallback = new Subject<string>();
    const handler = counted(NEVER);
    const { seen, leave } = ask(handler.handled, (_guarded, fallsBack) =>
      defer(() => {
        fallsBack();
        return fallback;
      }),
    );

    leave();
    fallback.next('instead');

    expect(seen).toEqual(['instead']);
    expect(handler.runs).toBe(0);
  });

  it('when the handler was stopped does not run it a second time', () => {
    const timeout = new Subject<void>();
    const handler = counted(NEVER);
    const { seen, leave } = ask(handler.handled, guarded =>
      concat(guarded.pipe(takeUntil(timeout)), NEVER),
    );
    timeout.next();

    leave();

    expect(handler.runs).toBe(1);
    expect(seen).toEqual([undefined, 'complete']);
  });
});

it('stops the handler when nobody waits for its answer', () => {
  let isStopped = false;
  const { subscription } = ask(NEVER.pipe(finalize(() => (isStopped = true))));

  subscription.unsubscribe();

  expect(isStopped).toBe(true);
});

describe('the end of a connection', () => {
  it('is listened to until the answer is there', () => {
    const response = new EventEmitter();
    const answers = new Subject<string>();
    ask(answers, undefined, response);
    expect(response.listenerCount('close')).toBe(1);

    answers.complete();

    expect(response.listenerCount('close')).toBe(0);
  });

  it('is listened to until nobody waits for the answer', () => {
    const response = new EventEmitter();
    const { subscription } = ask(NEVER, undefined, response);

    subscription.unsubscribe();

    expect(response.listenerCount('close')).toBe(0);
  });

  it('is told by the response of Node that Fastify wraps', () => {
    const raw = new EventEmitter();
    const { seen } = ask(of('never asked'), () => NEVER, { raw });

    raw.emit('close');

    expect(seen).toEqual([undefined, 'complete']);
  });

  it('is nothing that a transport other than HTTP has', () => {
    const response = new EventEmitter();

    const { seen } = ask(of('answer'), undefined, response, 'rpc');

    expect(response.listenerCount('close')).toBe(0);
    expect(seen).toEqual(['answer', 'complete']);
  });

  it.each([
    ['null', null],
    ['a text', 'response'],
    ['one that takes no listeners', {}],
    ['one that keeps its listeners', { once: () => {} }],
    ['one that takes none for once', { off: () => {} }],
  ])('is not waited for with a response that is %s', (_what, response) => {
    expect(ask(of('answer'), undefined, response).seen).toEqual([
      'answer',
      'complete',
    ]);
  });

  it.each([
    ['nothing', undefined],
    ['no object', 'text'],
    ['an object that tells of nothing', {}],
    ['an object that cannot be let go of', { once: () => {} }],
  ])('is not waited for where the response is %s', (_what, response) => {
    const answers = new Subject<string>();
    const { seen } = ask(answers, undefined, response ?? null);

    answers.next('answer');
    answers.complete();

    expect(seen).toEqual(['answer', 'complete']);
  });
});
