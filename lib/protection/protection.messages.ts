import { quote } from '../state/quote.js';

const NAME_IT = `@CircuitBreaker('a-name')`;

/** What this room tells, each in a place of its own. */
export const protectionMessages = {
  moduleIsMissing: (source: string) =>
    `${source} is to be protected by a circuit breaker, but this application has none: calls pass unprotected.` +
    ` Add CircuitBreakerModule.forRoot() to the imports of the root module.`,

  notAMethod: (what: string, kind: string) =>
    `@CircuitBreaker() cannot protect ${what}: it is ${kind}. Decorate a method, or move the call into one.`,

  standardDecorators: () =>
    '@CircuitBreaker() needs the decorators that NestJS uses. Set "experimentalDecorators": true in tsconfig.json.',

  decoratedTwice: (what: string) =>
    `${what} is decorated with @CircuitBreaker() twice. Keep one: a call goes through one circuit.`,

  sharedDefaultName: (circuit: string) =>
    `two classes of this name have such a method, and the circuit "${circuit}" would serve both; give each a name: ${NAME_IT}`,

  fallbackIsMissing: (method: string, closest: string | undefined) =>
    `the class has no method ${quote(method)}` +
    (closest === undefined ? '' : `; did you mean ${quote(closest)}?`) +
    `; name a public method that takes (error, ...args), or give a function`,

  fallbackIsItself: (method: string) =>
    `${quote(method)} is the protected method itself and would fail the same way; name another one`,

  fallbackIsInside: (method: string, circuit: string) =>
    `${quote(method)} goes through the same circuit "${circuit}" and would be refused, too; name a method without that circuit`,

  cacheOfManyRequests: () =>
    `is missing, and the provider is made anew for each request, so that one request's answer could be another's; give key, a function of the arguments that answers a string`,

  cacheOfHandler: () =>
    `is missing, and what a handler answers may depend on who asks, which its arguments need not show; give key, a function of the arguments that answers a string, with the user in it where answers differ`,

  cacheOfTwoClasses: () =>
    'two classes of this name have such a method on one circuit, and in a store the answers of one would be those of the other; rename one of them, or give each a circuit of its own',

  retriedHandler: () =>
    'cannot be had for a handler behind the interceptor, because its body has been read and its pipes have run; put retry on the method of the service that makes the call',

  plainValue: () =>
    'cannot be had for a method that returns a plain value, because nothing else runs while it does; make the method async, or leave the option out',

  signalOutsideMethod: () =>
    '@CallSignal() belongs to a parameter of a method of an instance, which @CircuitBreaker() protects; constructors and static methods have no call of a circuit.',

  secondSignal: (method: string) =>
    `${method} has two parameters with @CallSignal(). Keep one: a call has one signal.`,

  signalWithoutMethod: () =>
    `a parameter with @CallSignal() is filled by the method's own decorator alone; put @CircuitBreaker() on the method, too`,

  sharedInstance: (className: string) =>
    `An instance of ${className}, which has methods decorated with @CircuitBreaker(), is a provider of two running applications.` +
    ` It cannot belong to the circuits of both: give each application its own (useFactory), or close the first one before.`,
} as const;
