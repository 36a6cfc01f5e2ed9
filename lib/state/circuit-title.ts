/** How a circuit is called in sentences: its name, and its key if it is one of several. */
export function circuitTitle({
  name,
  key,
}: {
  readonly name: string;
  readonly key: string | null;
}): string {
  return key === null ? `"${name}"` : `"${name}" (${key})`;
}
