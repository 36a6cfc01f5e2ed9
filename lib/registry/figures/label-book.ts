/** The label of the names for which there is no room. */
const OTHER_NAMES = '(other)';

const LONGEST_LABEL = 128;

/**
 * Writes the names of circuits as the values of a label, of which there are
 * bounded many of bounded length: names may be made of what users send
 * (`getOrCreate(host)`), and each value is a series that a metrics server keeps.
 */
export class LabelBook {
  private readonly labels = new Map<string, string>();
  private readonly used = new Set<string>();

  /** @param most how many names have a label of their own; the others share one */
  constructor(private readonly most: number) {}

  /** The label of a name; always the same one. */
  of(name: string): string {
    const known = this.labels.get(name);
    if (known !== undefined) return known;
    const label =
      name.length <= LONGEST_LABEL
        ? name
        : `${name.slice(0, LONGEST_LABEL - 1)}…`;
    if (!this.used.has(label)) {
      if (this.used.size >= this.most) return OTHER_NAMES;
      this.used.add(label);
    }
    this.labels.set(name, label);
    return label;
  }
}
