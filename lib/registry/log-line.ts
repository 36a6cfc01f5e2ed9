import { inspect } from 'node:util';
import { ConsoleLogger, type LoggerService } from '@nestjs/common';

/** The levels that we log at. */
export type LogLevel = 'error' | 'warn' | 'log' | 'debug';

/** Where lines go; Nest's `Logger` fits. */
export type LineLogger = Required<Pick<LoggerService, LogLevel>>;

/** What a line says, as data. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Nest 12 logs an object that follows the message as structured parameters of the same line. */
const TAKES_PARAMETERS = 'stringifyParams' in ConsoleLogger.prototype;

/**
 * Logs a sentence. A logger that writes JSON gets the fields as well; in a text for
 * people they would only repeat the sentence.
 */
export function logLine(
  logger: LineLogger,
  level: LogLevel,
  sentence: string,
  fields: LogFields,
  takesParameters = TAKES_PARAMETERS,
): void {
  if (takesParameters) logger[level](sentence, parameters(fields));
  else logger[level](new StructuredMessage(sentence, fields));
}

/** Fields that JSON shows and text does not. */
function parameters(fields: LogFields): LogFields {
  return {
    ...fields,
    // Alone they stand behind the sentence in a text; within a record they are shown.
    [inspect.custom]: (depth: number | null, options: { depth?: number }) =>
      depth === options.depth ? '' : fields,
  };
}

/** For Nest 11, which would log a second line for a second object. */
class StructuredMessage {
  constructor(
    readonly message: string,
    fields: LogFields,
  ) {
    Object.assign(this, fields);
  }

  toString(): string {
    return this.message;
  }

  [inspect.custom](): string {
    return this.message;
  }
}
