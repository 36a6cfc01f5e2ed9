import { readFileSync } from 'node:fs';

/** The major version of Nest that the tests run on; the matrix runs some of them on 11. */
export const NEST_VERSION: number = Number.parseInt(
  (
    JSON.parse(
      readFileSync('node_modules/@nestjs/core/package.json', 'utf8'),
    ) as { version: string }
  ).version,
  10,
);
