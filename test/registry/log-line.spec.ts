import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ConsoleLogger, type ConsoleLoggerOptions } from '@nestjs/common';
import { logLine } from '../../lib/registry/log-line.js';

const fields = { circuit: 'payments', window: { calls: 3 } };

afterEach(() => {
  jest.restoreAllMocks();
});

/** What a logger of Nest writes. */
function written(
  options: ConsoleLoggerOptions,
  takesParameters?: boolean,
): string[] {
  const lines: string[] = [];
  jest.spyOn(process.stdout, 'write').mockImplementation(text => {
    lines.push(String(text));
    return true;
  });
  const logger = new ConsoleLogger('CircuitBreaker', {
    colors: false,
    ...options,
  });
  logLine(logger, 'warn', 'It is open.', fields, takesParameters);
  jest.restoreAllMocks();
  return lines;
}

describe('a line in the log', () => {
  it('is the sentence alone for people', () => {
    const [line, ...more] = written({});
    expect(line).toMatch(/WARN \[CircuitBreaker\] It is open\. ?\n$/);
    expect(more).toEqual([]);
  });

  it('has its fields where Nest writes JSON', () => {
    expect(written({ json: true }).map(line => JSON.parse(line))).toEqual([
      expect.objectContaining({
        level: 'warn',
        context: 'CircuitBreaker',
        message: 'It is open.',
        params: fields,
      }),
    ]);
  });

  it('has them beside the message where that was asked for', () => {
    const [line] = written({ json: true, flattenParams: true });
    expect(JSON.parse(line!)).toMatchObject({
      message: 'It is open.',
      ...fields,
    });
  });

  it('has them in coloured JSON, which is not JSON', () => {
    const [line] = written({ json: true, compact: false });
    expect(line).toMatch(/message: 'It is open\.'[^]*circuit: 'payments'/);
  });

  it('is one object where the logger takes no parameters, as that of Nest 11', () => {
    expect(
      written({ json: true }, false).map(line => JSON.parse(line)),
    ).toEqual([
      expect.objectContaining({
        message: { message: 'It is open.', ...fields },
      }),
    ]);
    expect(written({}, false)).toEqual([
      expect.stringMatching(/It is open\.\n$/),
    ]);
  });

  it('is the sentence for a logger that makes a string of it', () => {
    const told: string[] = [];
    const tell = (message: unknown) => void told.push(String(message));
    const logger = { error: tell, warn: tell, log: tell, debug: tell };
    logLine(logger, 'warn', 'It is open.', fields, true);
    logLine(logger, 'warn', 'It is open.', fields, false);
    expect(told).toEqual(['It is open.', 'It is open.']);
  });
});
