import type { ExecutionContext } from '@nestjs/common';
import { of, type Observable } from 'rxjs';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitOpenException } from '../../lib/errors/circuit-open.exception.js';

/*
 * Checked by `tsc -p tsconfig.json`: what must compile does, and each line under
 * `@ts-expect-error` must not.
 */

export class Fits {
  @CircuitBreaker('a', { fallback: 'sameArguments' })
  async charge(_id: string, cents: number): Promise<number> {
    return cents;
  }
  async sameArguments(
    _error: unknown,
    _id: string,
    cents: number,
  ): Promise<number> {
    return cents;
  }

  @CircuitBreaker('a', { fallback: 'synchronous' })
  async chargeTwo(_id: string, cents: number): Promise<number> {
    return cents;
  }
  synchronous(_error: Error, _id: string, cents: number): number {
    return cents;
  }

  @CircuitBreaker('a', { fallback: 'fewerArguments' })
  async chargeThree(_id: string, cents: number): Promise<number> {
    return cents;
  }
  fewerArguments(_error: CircuitOpenException): number {
    return 0;
  }

  @CircuitBreaker({ fallback: 'noArguments' })
  total(_id: string): number {
    return 1;
  }
  noArguments(): number {
    return 0;
  }

  @CircuitBreaker({ fallback: ['ofObservable', 'plainForObservable'] })
  watch(_id: string): Observable<number> {
    return of(1);
  }
  ofObservable(_error: unknown): Observable<number> {
    return of(0);
  }
  plainForObservable(_error: unknown, _id: string): number {
    return 0;
  }

  @CircuitBreaker('b', {
    fallback: [{ on: CircuitOpenException, use: 'sameArguments' }, () => 0],
  })
  async chargeFour(_id: string, cents: number): Promise<number> {
    return cents;
  }

  @CircuitBreaker('b', { fallback: 'optionalArguments' })
  async chargeFive(_id: string, cents?: number): Promise<number | undefined> {
    return cents;
  }
  optionalArguments(_error: unknown, _id?: string, cents?: number) {
    return cents;
  }

  @CircuitBreaker('b', { fallback: 'genericFallback' })
  async generic<T>(value: T): Promise<T> {
    return value;
  }
  async genericFallback<T>(_error: unknown, value: T): Promise<T> {
    return value;
  }

  @CircuitBreaker('b', { fallback: 'forVoid' })
  async nothing(): Promise<void> {}
  forVoid(_error: unknown): void {}

  @CircuitBreaker('b', {
    fallback: (error, id: string) => `${String(error)}${id}`,
  })
  async inline(id: string): Promise<string> {
    return id;
  }

  @CircuitBreaker('b', { fallback: (error: Error) => error.message })
  async inlineError(id: string): Promise<string> {
    return id;
  }

  @CircuitBreaker()
  protected async guarded(): Promise<number> {
    return 1;
  }

  @CircuitBreaker(undefined, { openDuration: '5s' })
  async unnamed(): Promise<number> {
    return 1;
  }
}

export class FitsGeneric<T> {
  @CircuitBreaker({ fallback: 'findFallback' })
  async find(id: string): Promise<T[]> {
    return [id as T];
  }
  async findFallback(_error: unknown, _id: string): Promise<T[]> {
    return [];
  }

  @CircuitBreaker({ fallback: 'saveFallback' })
  async save(entity: T): Promise<T> {
    return entity;
  }
  async saveFallback(_error: unknown, entity: T): Promise<T> {
    return entity;
  }

  @CircuitBreaker()
  chain(): this {
    return this;
  }
}

@CircuitBreaker('c', { fallback: 'orElse' })
export class FitsClass {
  @CircuitBreaker()
  async charge(id: string): Promise<string> {
    return id;
  }
  orElse(_error: unknown, context: ExecutionContext): string {
    return context.getType();
  }
}

export abstract class FitsAbstract {
  @CircuitBreaker({ fallback: 'orElse' })
  async load(id: string): Promise<string> {
    return id;
  }
  abstract orElse(error: unknown, id: string): string;
}

const known: string = 'only at run time';

export class FitsAtRunTime {
  @CircuitBreaker({ fallback: known })
  async load(id: string): Promise<string> {
    return id;
  }
}

export class DoesNotFit {
  // @ts-expect-error the class has no such method
  @CircuitBreaker('a', { fallback: 'quueCharge' })
  async misspelt(id: string): Promise<string> {
    return this.queueCharge(undefined, id);
  }
  private queueCharge(_error: unknown, id: string): string {
    return id;
  }

  // @ts-expect-error a private method cannot be named; call it from an inline function
  @CircuitBreaker('a', { fallback: 'queueCharge' })
  async privateFallback(id: string): Promise<string> {
    return id;
  }

  // @ts-expect-error no method, but a value
  @CircuitBreaker('a', { fallback: 'count' })
  async notAMethod(id: string): Promise<string> {
    return id;
  }
  count = 1;

  // @ts-expect-error the first argument of a fallback is the error
  @CircuitBreaker('a', { fallback: 'withoutError' })
  async errorForgotten(id: string): Promise<string> {
    return id;
  }
  withoutError(id: string): string {
    return id;
  }

  // @ts-expect-error the arguments after the error are those of the method
  @CircuitBreaker('a', { fallback: 'otherArguments' })
  async argumentsDiffer(id: string): Promise<string> {
    return id;
  }
  otherArguments(_error: unknown, id: number): string {
    return String(id);
  }

  // @ts-expect-error a narrower argument than the method takes
  @CircuitBreaker('a', { fallback: 'narrowerArguments' })
  async argumentIsNarrower(id: string): Promise<string> {
    return id;
  }
  narrowerArguments(_error: unknown, id: 'one'): string {
    return id;
  }

  // @ts-expect-error wants more than the method is called with
  @CircuitBreaker('a', { fallback: 'moreArguments' })
  async tooManyArguments(id: string): Promise<string> {
    return id;
  }
  moreArguments(_error: unknown, id: string, _more: number): string {
    return id;
  }

  // @ts-expect-error answers with something else
  @CircuitBreaker('a', { fallback: 'otherAnswer' })
  async answersDiffer(id: string): Promise<string> {
    return id;
  }
  otherAnswer(_error: unknown, id: string): number {
    return id.length;
  }

  // @ts-expect-error a method that answers at once cannot wait for its fallback
  @CircuitBreaker('a', { fallback: 'promised' })
  plainValue(id: string): string {
    return id;
  }
  async promised(_error: unknown, id: string): Promise<string> {
    return id;
  }

  // @ts-expect-error one of several does not exist
  @CircuitBreaker('a', { fallback: ['fits', 'gone'] })
  async oneOfSeveral(id: string): Promise<string> {
    return id;
  }
  fits(_error: unknown, id: string): string {
    return id;
  }

  // @ts-expect-error nor in a condition
  @CircuitBreaker('a', { fallback: { on: CircuitOpenException, use: 'gone' } })
  async conditional(id: string): Promise<string> {
    return id;
  }

  // @ts-expect-error unknown option
  @CircuitBreaker('a', { failureRateTreshold: 0.5 })
  async misspeltOption(id: string): Promise<string> {
    return id;
  }

  // @ts-expect-error an accessor is no method
  @CircuitBreaker('a')
  get accessor(): number {
    return 1;
  }

  // @ts-expect-error a static method belongs to no instance
  @CircuitBreaker('a')
  static async ofTheClass(): Promise<number> {
    return 1;
  }

  // @ts-expect-error a property is no method
  @CircuitBreaker('a')
  property = async () => 1;
}

// @ts-expect-error the class has no such method
@CircuitBreaker('c', { fallback: 'orElse' })
export class DoesNotFitClass {
  handle(): string {
    return '';
  }
}

// @ts-expect-error the first argument of a fallback is the error
@CircuitBreaker('c', { fallback: 'orElse' })
export class DoesNotTakeAnError {
  orElse(id: string): string {
    return id;
  }
}
