// What the shop uses of opossum, which has no types of its own.
declare module 'opossum' {
  export interface Options {
    name?: string;
    timeout?: number | false;
    errorThresholdPercentage?: number;
    resetTimeout?: number;
    volumeThreshold?: number;
    capacity?: number;
    rollingCountTimeout?: number;
    rollingCountBuckets?: number;
    errorFilter?: (error: unknown, ...args: never[]) => boolean;
    maxFailures?: number;
    cache?: boolean;
    cacheTTL?: number;
    cacheGetKey?: (...args: unknown[]) => string;
    coalesce?: boolean;
    coalesceTTL?: number;
  }
  class CircuitBreaker<Args extends unknown[], Answer> {
    constructor(action: (...args: Args) => Promise<Answer>, options?: Options);
    static isOurError(error: unknown): boolean;
    readonly opened: boolean;
    readonly halfOpen: boolean;
    readonly enabled: boolean;
    readonly stats: Record<'fires' | 'failures' | 'rejects', number>;
    fire(...args: Args): Promise<Answer>;
    fallback(answer: (...args: [...Args, unknown]) => Answer): this;
    open(): void;
    close(): void;
    disable(): void;
    enable(): void;
    shutdown(): void;
  }
  export default CircuitBreaker;
}
