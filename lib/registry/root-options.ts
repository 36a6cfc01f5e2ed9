import type { OptionProblem } from '../errors/invalid-options.error.js';
import type { CircuitOptions } from '../state/circuit-options.js';
import { closestName } from '../state/closest-name.js';
import { isMergeable, mergeOptions } from '../state/merge-options.js';
import { formatPath } from '../state/option-problems.js';
import { examineOptions } from '../state/parse-options.js';
import { quote } from '../state/quote.js';
import { layOver, rootLayer, type Layer } from './layers.js';
import { moduleOptionsSchema } from './module-options.js';
import { builtInPresets, type PresetCircuitOptions } from './presets.js';

/** Layers, and what is wrong with the way to them. */
export interface FoundLayers {
  readonly layers: readonly Layer[];
  readonly problems: readonly OptionProblem[];
}

/**
 * What `forRoot` was given. Never throws: what is wrong is kept, to be told with
 * what is wrong elsewhere.
 */
export class RootOptions {
  /** What is wrong with everything but `circuits`, which others are laid over. */
  readonly problems: readonly OptionProblem[];
  readonly circuits: ReadonlyMap<string, PresetCircuitOptions>;
  /** With what the names of environment variables begin; `undefined` if none are read. */
  readonly envPrefix: string | undefined;
  private readonly defaults: PresetCircuitOptions;
  private readonly presets: ReadonlyMap<string, CircuitOptions>;

  constructor(options: unknown = {}) {
    const problems: OptionProblem[] = [];
    const { problems: misfits, output } = examineOptions(
      moduleOptionsSchema,
      options,
    );
    problems.push(...misfits);
    this.defaults = groupIn(options, 'defaults') ?? {};
    const presets = groupsIn(options, 'presets', problems);
    this.presets = new Map([...Object.entries(builtInPresets), ...presets]);
    this.circuits = groupsIn(options, 'circuits', problems);
    this.envPrefix = output?.env ? output.env.prefix : undefined;
    const bottom = this.under({}, 'defaults');
    problems.push(...bottom.problems, ...layOver(bottom.layers).problems);
    for (const [name, preset] of presets) {
      const layers = [...this.bottom(), rootLayer(preset, 'presets', name)];
      problems.push(...layOver(layers).problems);
    }
    this.problems = problems;
  }

  /** `defaults`, a preset, and options over both. */
  under(
    options: PresetCircuitOptions,
    ...path: readonly string[]
  ): FoundLayers {
    const { preset } = this.defaults;
    const isGiven = options.preset !== undefined || preset === undefined;
    const { layers, problems } = isGiven
      ? this.alone(options, ...path)
      : this.withPreset(preset, ['defaults'], options, path);
    return { layers: [...this.bottom(), ...layers], problems };
  }

  /** The preset that options name, if they do, and the options over it. */
  alone(
    options: PresetCircuitOptions,
    ...path: readonly string[]
  ): FoundLayers {
    const { preset, ...own } = options;
    return this.withPreset(preset, path, own, path);
  }

  private withPreset(
    preset: string | undefined,
    giver: readonly string[],
    { preset: _preset, ...own }: PresetCircuitOptions,
    path: readonly string[],
  ): FoundLayers {
    const layers: Layer[] = [];
    const problems: OptionProblem[] = [];
    if (preset !== undefined) {
      const found = this.presets.get(preset);
      if (found !== undefined) {
        layers.push(rootLayer(found, 'presets', preset));
      } else {
        problems.push(this.unknownPreset(preset, [...giver, 'preset']));
      }
    }
    if (Object.keys(own).length > 0) layers.push(rootLayer(own, ...path));
    return { layers, problems };
  }

  private bottom(): readonly Layer[] {
    const { preset: _preset, ...defaults } = this.defaults;
    return Object.keys(defaults).length === 0
      ? []
      : [rootLayer(defaults, 'defaults')];
  }

  private unknownPreset(
    preset: unknown,
    path: readonly string[],
  ): OptionProblem {
    const names = [...this.presets.keys()];
    const closest = closestName(String(preset), names);
    return {
      path: formatPath(path),
      message:
        `got ${quote(preset)}, but there is no such preset; ` +
        (closest === undefined
          ? `there are: ${names.join(', ')}`
          : `did you mean "${closest}"?`),
    };
  }
}

/** A copy of a group of options; what is none has been told by the schema. */
function groupIn(options: unknown, key: string): object | undefined {
  const group = isMergeable(options) ? options[key] : undefined;
  return isMergeable(group) ? mergeOptions<object>({}, group) : undefined;
}

/** The groups of options in a group, by name. */
export function groupsIn(
  options: unknown,
  key: string,
  problems: OptionProblem[],
): Map<string, object> {
  const groups = new Map<string, object>();
  for (const [name, group] of Object.entries(groupIn(options, key) ?? {})) {
    if (isMergeable(group)) {
      groups.set(name, group);
    } else if (group !== undefined) {
      problems.push({
        path: formatPath([key, name]),
        message: `got ${quote(group)}, takes an object of options`,
      });
    }
  }
  return groups;
}
