/** One line of a page of Prometheus metrics. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A page in Prometheus's text format, as somebody reads it who asks for a series. */
export class MetricsPage {
  readonly samples: readonly Sample[];

  constructor(readonly text: string) {
    this.samples = text
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#'))
      .map(readSample);
  }

  /** The page at an address. */
  static async at(url: string): Promise<MetricsPage> {
    return new MetricsPage(await fetch(url).then(answer => answer.text()));
  }

  /** The names of the metrics, each once. */
  get names(): string[] {
    return [...this.text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
  }

  /** The only series that has these labels, `undefined` without one. */
  value(
    name: string,
    labels: Readonly<Record<string, string>> = {},
  ): number | undefined {
    const found = this.all(name, labels);
    if (found.length > 1) {
      throw new Error(`${found.length} series of ${name} have these labels`);
    }
    return found[0]?.value;
  }

  /** Every series that has these labels. */
  all(
    name: string,
    labels: Readonly<Record<string, string>> = {},
  ): readonly Sample[] {
    return this.samples.filter(
      sample =>
        sample.name === name &&
        Object.entries(labels).every(([key, v]) => sample.labels[key] === v),
    );
  }
}

const LINE = /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.*)\})? (?<value>\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

function readSample(line: string): Sample {
  const { name, labels = '', value } = LINE.exec(line)?.groups ?? {};
  if (name === undefined) throw new Error(`not a sample: ${line}`);
  return {
    name,
    labels: Object.fromEntries(
      Array.from(labels.matchAll(LABEL), ([, key, text]) => [
        key!,
        text!.replaceAll(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c)),
      ]),
    ),
    value: Number(value),
  };
}
