import type { CircuitOptions } from '../state/circuit-options.js';

/** The options of a kind of dependency, or of an environment, under one name. */
export type CircuitPresets = Readonly<Record<string, CircuitOptions>>;

/** The presets that ship. */
export const builtInPresets = {
  paymentGateway: {
    failureRateThreshold: 0.1,
    minimumCalls: 50,
    slowCallDuration: '1s',
    openDuration: '120s',
  },
  search: {
    failureRateThreshold: 0.5,
    slowCallDuration: '500ms',
    openDuration: '30s',
  },
  analytics: {
    failureRateThreshold: 0.7,
    slowCallDuration: '5s',
    openDuration: '10s',
  },
  auth: {
    failureRateThreshold: 0.2,
    slowCallDuration: '500ms',
    openDuration: '60s',
  },
  notification: {
    failureRateThreshold: 0.6,
    slowCallDuration: '3s',
    openDuration: '20s',
  },
  development: {
    failureRateThreshold: 0.8,
    minimumCalls: 5,
    openDuration: '10s',
  },
  staging: {
    failureRateThreshold: 0.5,
    minimumCalls: 10,
    openDuration: '30s',
  },
  production: {
    failureRateThreshold: 0.3,
    minimumCalls: 20,
    window: { type: 'count', size: 100 },
    slowCallDuration: '1s',
    slowCallRateThreshold: 0.4,
    openDuration: '60s',
    halfOpen: { calls: 10, successRateThreshold: 0.7 },
  },
} as const satisfies CircuitPresets;

/** The names of the presets that ship. */
export type BuiltInPreset = keyof typeof builtInPresets;

/** A preset that ships, or one of `presets`. */
// `string & {}` keeps the editor's suggestions of the names that ship.
export type PresetName = BuiltInPreset | (string & {});

/** A circuit's options, over those of a preset. */
export interface PresetCircuitOptions extends CircuitOptions {
  /** Whose options stand below these. */
  preset?: PresetName | undefined;
}
