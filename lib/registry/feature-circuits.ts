import type { ModulesContainer } from '@nestjs/core';
import type { CircuitOptions } from '../state/circuit-options.js';
import { isMergeable } from '../state/merge-options.js';
import { quote } from '../state/quote.js';
import type { CircuitDeclaration } from './circuit-declaration.js';

/** A circuit that `forFeature` declares. */
export interface FeatureCircuit extends CircuitOptions {
  /** What `get`, `@InjectCircuit` and `@CircuitBreaker` call it. */
  readonly name: string;
}

/** Where a feature module keeps what `forFeature` was given. */
export const FEATURE_CIRCUITS: unique symbol = Symbol.for(
  'nestjs-breaker:feature-circuits',
);

/** A module as Nest holds it; its class is not exported by a path of its own. */
export type NestModule =
  ModulesContainer extends Map<string, infer M> ? M : never;

/** What every `forFeature` of an application declares; looks at modules alone, instantiates nothing. */
export function featureCircuits(
  modules: ModulesContainer,
): CircuitDeclaration[] {
  return [...modules.values()].flatMap(module => {
    const provider = module.providers.get(FEATURE_CIRCUITS);
    return provider === undefined
      ? []
      : declarationsOf(provider.instance, sourceOf(module, modules));
  });
}

function declarationsOf(given: unknown, source: string): CircuitDeclaration[] {
  if (!Array.isArray(given)) {
    return [misfit(source, `got ${quote(given)}, takes an array of circuits`)];
  }
  return given.map((circuit: unknown, index) => {
    if (!isMergeable(circuit)) {
      const message = `got ${quote(circuit)}, takes { name, ...circuit options }`;
      return misfit(`${source}: [${index}]`, message);
    }
    const { name, ...options } = circuit;
    return { name: name as string, options, source };
  });
}

/** What has no name of its own cannot be declared, only complained about. */
function misfit(path: string, message: string): CircuitDeclaration {
  return { name: path, source: path, problems: [{ path, message }] };
}

function sourceOf(feature: NestModule, modules: ModulesContainer): string {
  const importers = [...modules.values()]
    .filter(({ imports }) => imports.has(feature))
    .map(({ name }) => name);
  return `forFeature() in ${importers.join(', ') || 'a module'}`;
}
