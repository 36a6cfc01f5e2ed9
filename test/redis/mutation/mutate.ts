/** A script without one of its lines. */
export interface Mutant {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  readonly script: string;
}

/** Takes away each line that does something; lines that only close a block break the syntax and prove nothing. */
export function mutants(script: string): Mutant[] {
  const lines = script.split('\n');
  return lines.flatMap((line, index) => {
    const text = line.trim();
    if (
      text === '' ||
      text.startsWith('--') ||
      /^(end|else|\}|\}\))$/.test(text)
    ) {
      return [];
    }
    const others = lines.filter((_, other) => other !== index);
    return [{ line: index + 1, text, script: others.join('\n') }];
  });
}
