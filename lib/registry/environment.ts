import { z } from 'zod';
import type { OptionProblem } from '../errors/invalid-options.error.js';
import {
  circuitOptionsSchema,
  type CircuitOptions,
} from '../state/circuit-options.js';
import { closestName } from '../state/closest-name.js';
import { alternatives, type OptionPath } from '../state/option-problems.js';
import type { Layer } from './layers.js';

/** Environment variables, as in `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Options that hold functions and classes, which a variable cannot. */
const NEED_CODE: ReadonlySet<string> = new Set<keyof CircuitOptions>([
  'recordErrors',
  'ignoreErrors',
  'classifyError',
]);

/**
 * Options from environment variables. They are looked up from the circuits'
 * names, never guessed from the variables': `payment-gateway` reads
 * `CIRCUIT_BREAKER_PAYMENT_GATEWAY_OPEN_DURATION`, and nested
 * `CIRCUIT_BREAKER_PAYMENT_GATEWAY_HALF_OPEN_CALLS`.
 */
export class Environment {
  private readonly prefix: string;

  constructor(
    prefix: string,
    private readonly variables: Variables,
  ) {
    this.prefix = prefix.replace(/_+$/, '');
  }

  /** What the variables give for a circuit; `undefined` if nothing. */
  layerOf(circuit: string): Layer | undefined {
    const options: Record<string, unknown> = {};
    for (const at of OPTION_PATHS) {
      const value = this.variables[this.variableOf(circuit, at)];
      if (value !== undefined) put(options, at, fromText(value));
    }
    return Object.keys(options).length === 0
      ? undefined
      : { options, place: at => this.variableOf(circuit, at) };
  }

  /** Variables that no circuit reads, and circuits that read the same variable. */
  problemsWith(names: readonly string[]): OptionProblem[] {
    // One that is no string is told as a bad name.
    const circuits = names.filter(name => typeof name === 'string');
    const readers = new Map<string, string>();
    const shared = new Map<string, OptionProblem>();
    for (const circuit of circuits) {
      for (const at of OPTION_PATHS) {
        const variable = this.variableOf(circuit, at);
        const other = readers.get(variable);
        const pair = `${other}\n${circuit}`;
        if (other === undefined) {
          readers.set(variable, circuit);
        } else if (!shared.has(pair)) {
          shared.set(pair, {
            path: variable,
            message: `is read by two circuits, "${other}" and "${circuit}"; rename one of them`,
          });
        }
      }
    }
    return [
      ...shared.values(),
      ...circuits.flatMap(circuit => this.contradictions(circuit)),
      ...this.unread(readers),
    ];
  }

  /** `…_OPEN_DURATION` beside `…_OPEN_DURATION_INITIAL`. */
  private contradictions(circuit: string): OptionProblem[] {
    return OPTION_PATHS.flatMap(at => {
      const inner = this.variableOf(circuit, at);
      const outer = this.variableOf(circuit, at.slice(0, -1));
      const isBoth =
        at.length > 1 &&
        this.variables[inner] !== undefined &&
        this.variables[outer] !== undefined;
      return isBoth
        ? { path: inner, message: `contradicts ${outer}; unset one of them` }
        : [];
    });
  }

  private unread(readers: ReadonlyMap<string, string>): OptionProblem[] {
    return Object.keys(this.variables)
      .filter(
        variable =>
          variable.startsWith(`${this.prefix}_`) &&
          this.variables[variable] !== undefined &&
          !readers.has(variable),
      )
      .map(variable => {
        const closest = closestName(variable, readers.keys());
        return {
          path: variable,
          message:
            closest === undefined
              ? `fits no option of a declared circuit; variables are called ${this.prefix}_<CIRCUIT>_<OPTION>`
              : `fits no option of a declared circuit; did you mean ${closest}?`,
        };
      });
  }

  private variableOf(circuit: string, at: OptionPath): string {
    return [this.prefix, ...[circuit, ...at].map(inCapitals)].join('_');
  }
}

/** Each option that a variable can hold: `openDuration`, `halfOpen.calls`, … */
const OPTION_PATHS: readonly OptionPath[] = pathsOf(circuitOptionsSchema);

function pathsOf(group: z.ZodObject): OptionPath[] {
  const paths = Object.entries(group.shape)
    .filter(([key]) => !NEED_CODE.has(key))
    .flatMap(([key, schema]) => {
      const kinds = alternatives(schema);
      const groups = kinds.filter(kind => kind instanceof z.ZodObject);
      return [
        ...(kinds.length > groups.length ? [[key]] : []),
        ...groups.flatMap(pathsOf).map(inner => [key, ...inner]),
      ];
    });
  return [...new Map(paths.map(path => [path.join('.'), path])).values()];
}

/** `paymentGateway`, `payment-gateway` and `payment.gateway` are all `PAYMENT_GATEWAY`. */
function inCapitals(name: PropertyKey): string {
  // What is no string is told as a bad name; it may have no text at all.
  return (typeof name === 'string' ? name : typeof name)
    .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1_$2')
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1_$2')
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .replaceAll(/^_|_$/g, '')
    .toUpperCase();
}

/** Variables hold text only: what looks like a number or a yes or no is one. */
function fromText(text: string): unknown {
  const trimmed = text.trim();
  if (/^(true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === 'true';
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) {
    return Number(trimmed);
  }
  return trimmed;
}

/** Puts a nested value, unless a plain one contradicts it. */
function put(
  target: Record<string, unknown>,
  at: OptionPath,
  value: unknown,
): void {
  const [key, ...rest] = at.map(String) as [string, ...string[]];
  if (rest.length === 0) {
    target[key] = value;
  } else {
    const inner = (target[key] ??= {});
    if (typeof inner === 'object') {
      put(inner as Record<string, unknown>, rest, value);
    }
  }
}
