import { AbortScope } from './abort-scope.js';

/** Lets those who want the same thing at the same time share one call. */
export class Flights<T> {
  private readonly flights = new Map<string, Flight<T>>();

  /** How many are under way. */
  get size(): number {
    return this.flights.size;
  }

  /**
   * Joins the call that is under way for a key, or begins one. Whoever goes at
   * their signal's abort leaves the others alone; when the last one has gone, the
   * call is aborted.
   *
   * @param start begins the call; its signal is not that of whoever began it
   */
  join(
    key: string,
    caller: AbortSignal | undefined,
    start: (signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> {
    if (caller?.aborted === true) return Promise.reject(caller.reason);
    const flight = this.flights.get(key) ?? this.begin(key, caller, start);
    flight.passengers++;
    // Without a signal nobody leaves, and so the call is never aborted.
    return caller === undefined
      ? flight.answer
      : this.board(key, flight, caller);
  }

  private begin(
    key: string,
    caller: AbortSignal | undefined,
    start: (signal: AbortSignal | undefined) => Promise<T>,
  ): Flight<T> {
    const scope = new AbortScope(undefined);
    const flight: Flight<T> = {
      passengers: 0,
      scope,
      answer: start(caller === undefined ? undefined : scope.signal),
    };
    this.flights.set(key, flight);
    const land = () => {
      scope.settle();
      this.forget(key, flight);
    };
    flight.answer.then(land, land);
    return flight;
  }

  private board(
    key: string,
    flight: Flight<T>,
    caller: AbortSignal,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const passenger = new AbortScope(caller);
      passenger.whenAborted(reason => {
        // The caller's own reason, whatever it is.
        // oxlint-disable-next-line prefer-promise-reject-errors
        reject(reason);
        flight.passengers--;
        if (flight.passengers > 0) return;
        this.forget(key, flight);
        flight.scope.abort(reason);
      });
      flight.answer.then(
        value => {
          passenger.settle();
          resolve(value);
        },
        (error: unknown) => {
          passenger.settle();
          reject(error);
        },
      );
    });
  }

  /** From now on others begin a call of their own. */
  private forget(key: string, flight: Flight<T>): void {
    if (this.flights.get(key) === flight) this.flights.delete(key);
  }
}

/** A call that is under way, and how many wait for it. */
interface Flight<T> {
  passengers: number;
  readonly scope: AbortScope;
  readonly answer: Promise<T>;
}
