import {
  Observable,
  Subscriber,
  type Observer,
  type Operator,
  type Subscription,
} from 'rxjs';

/** Told of what a subscriber throws. */
type Report = (error: unknown) => void;

/**
 * An Observable whose subscribers cannot bring down the process. RxJS rethrows
 * what a subscriber throws in a later task, where nobody can catch it; here it is
 * reported, also behind operators.
 */
export class EventStream<T> extends Observable<T> {
  private constructor(
    private readonly report: Report,
    subscribe?: (
      this: Observable<T>,
      subscriber: Subscriber<T>,
    ) => void | (() => void),
  ) {
    super(subscribe);
  }

  /**
   * A stream over a listener.
   *
   * @param connect starts telling a subscriber and answers what stops it
   */
  static from<T>(
    connect: (tell: (value: T) => void) => () => void,
    report: Report,
  ): EventStream<T> {
    return new EventStream<T>(report, subscriber =>
      connect(value => subscriber.next(value)),
    );
  }

  /** How RxJS builds the Observable behind an operator. */
  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new EventStream<R>(this.report);
    lifted.source = this;
    lifted.operator = operator as Operator<unknown, R>;
    return lifted;
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // The inner subscriber of an operator: what it throws goes down the chain.
    if (observerOrNext instanceof Subscriber) {
      return super.subscribe(observerOrNext);
    }
    const observer: Partial<Observer<T>> =
      typeof observerOrNext === 'function'
        ? { next: observerOrNext }
        : bound(observerOrNext);
    if (error) observer.error = error;
    if (complete) observer.complete = complete;
    return super.subscribe({
      next: value => this.guard(() => observer.next?.(value)),
      error: thrown =>
        this.guard(() => (observer.error ?? this.report)(thrown)),
      complete: () => this.guard(() => observer.complete?.()),
    });
  }

  private guard(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.report(error);
    }
  }
}

function bound<T>(
  observer: Partial<Observer<T>> | null | undefined,
): Partial<Observer<T>> {
  const own: Partial<Observer<T>> = {};
  if (!observer) return own;
  const { next, error, complete } = observer;
  if (next) own.next = value => next.call(observer, value);
  if (error) own.error = thrown => error.call(observer, thrown);
  if (complete) own.complete = () => complete.call(observer);
  return own;
}
