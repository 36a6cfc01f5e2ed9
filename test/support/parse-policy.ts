import { z } from 'zod';
import { parseOptions } from '../../lib/state/parse-options.js';

/** What a policy's option comes to, as the only option of an object of options. */
export function parsePolicy<S extends z.ZodType>(
  name: string,
  schema: S,
  value: unknown,
): z.output<S> {
  const options = z.strictObject({ [name]: schema });
  const parsed: Record<string, unknown> = parseOptions(
    options,
    { [name]: value } as never,
    'Options',
  );
  return parsed[name] as z.output<S>;
}
