import type { ConfigSource, LiveOptions } from 'nestjs-breaker';

/** The options of circuits, as the configuration server has them now. */
export class ConfigurationServer implements ConfigSource {
  readonly refreshEvery = '1s';
  readonly timeout = '2s';

  constructor(private readonly url: string) {}

  async load({ signal }: { signal: AbortSignal }): Promise<LiveOptions> {
    const response = await fetch(`${this.url}/circuits`, { signal });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return { circuits: (await response.json()) as LiveOptions['circuits'] };
  }
}
