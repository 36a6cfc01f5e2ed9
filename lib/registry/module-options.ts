import { z } from 'zod';
import type { CacheStore } from '../policies/cache-store.js';
import type { CircuitOptions } from '../state/circuit-options.js';
import { isMergeable } from '../state/merge-options.js';
import { option } from '../state/option.js';
import { configSourceSchema } from './config-source.js';
import type { PresetCircuitOptions } from './presets.js';

/**
 * What `CircuitBreakerModule.forRoot` takes. Circuit options inside of it are
 * validated where they meet: laid over each other, for each circuit.
 */
export const moduleOptionsSchema = z.strictObject({
  defaults: option(
    z.custom<PresetCircuitOptions>(isMergeable).prefault({}),
    'an object of circuit options, and `preset` for circuits that name none',
    'the options of every circuit',
  ),
  presets: option(
    z.custom<Record<string, CircuitOptions>>(isMergeable).prefault({}),
    'an object: circuit options for each name of a preset',
    'options to choose by name; one with the name of a shipped preset takes its place',
  ),
  circuits: option(
    z.custom<Record<string, PresetCircuitOptions>>(isMergeable).prefault({}),
    'an object: circuit options and `preset`, for each name of a circuit',
    'the circuits of the application, and their options',
  ),
  cacheStore: option(
    z.custom<CacheStore>(isCacheStore).optional(),
    'a store with get(key) and set(key, value, ttl) that answer promises, such as CACHE_MANAGER',
    'where the call option `cache` keeps answers; without it, in the memory of the process',
  ),
  env: option(
    z
      .union([
        z.literal(false),
        z.strictObject({
          prefix: option(
            z
              .string()
              .regex(/^[A-Za-z][A-Za-z0-9_]*$/)
              .default('CIRCUIT_BREAKER'),
            'letters, digits and underscores, with a letter first',
            'with what the names of the variables begin',
          ),
        }),
      ])
      .default(false),
    '{ prefix }, or false',
    'whether environment variables override the options of declared circuits',
  ),
  configSource: configSourceSchema,
});

/** The options of the whole application, as a user writes them. */
export type CircuitBreakerModuleOptions = z.input<typeof moduleOptionsSchema>;

function isCacheStore(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { get, set } = value as Partial<CacheStore>;
  return typeof get === 'function' && typeof set === 'function';
}
