import { tap, throwError, type Observable } from 'rxjs';
import {
  isPromiseLike,
  type FallbackCall,
  type LazyError,
} from '../policies/fallback.js';
import type { Call } from './call.js';
import type { CallPlan } from './call-options.js';
import type { PipelineHost, Settlement } from './settlement.js';

const NO_ARGS: readonly unknown[] = [];
const SOON = Promise.resolve();

/** Answers for a call that was refused or has failed: by its fallback, or with its error. */
export class Answering {
  constructor(
    private readonly host: PipelineHost,
    private readonly settlement: Settlement,
  ) {}

  /** A promise's answer. */
  promise(
    { fallback }: CallPlan,
    call: Call,
    error: LazyError,
  ): Promise<unknown> {
    if (fallback === undefined) return rejectSoon(error());
    let answer: unknown;
    try {
      answer = fallback.run(error, this.fallbackCall(call));
    } catch (thrown) {
      return rejectSoon(thrown);
    }
    if (isPromiseLike(answer)) {
      return Promise.resolve(answer).then(value => {
        this.settlement.countFallback(error);
        return value;
      });
    }
    this.settlement.countFallback(error);
    return Promise.resolve(answer);
  }

  /** A plain answer, or the error thrown. */
  value({ fallback }: CallPlan, call: Call, error: LazyError): unknown {
    if (fallback === undefined) throw error();
    const answer = fallback.run(error, this.fallbackCall(call));
    this.settlement.countFallback(error);
    return answer;
  }

  /** An Observable's answer. */
  observable<T>(
    { fallback }: CallPlan,
    call: Call,
    error: LazyError,
  ): Observable<T> {
    if (fallback === undefined) return throwError(error);
    const answers = fallback.run$(error, this.fallbackCall(call));
    let isCounted = false;
    const count = () => {
      if (!isCounted) this.settlement.countFallback(error);
      isCounted = true;
    };
    // The user's word that the fallback answers in the call's kind.
    return (answers as Observable<T>).pipe(
      tap({ next: count, complete: count }),
    );
  }

  private fallbackCall({ self, args = NO_ARGS }: Call): FallbackCall {
    return { self, args, report: this.host.report };
  }
}

/**
 * Rejected one microtask later, when somebody listens: a promise that is born
 * rejected costs three times as much (`bench/`, "open, rejected").
 */
function rejectSoon(error: unknown): Promise<never> {
  return new Promise((_, reject) => {
    void SOON.then(() => reject(error));
  });
}
