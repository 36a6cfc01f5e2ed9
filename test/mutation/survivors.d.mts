export interface Change {
  readonly code: string;
  readonly becomes: string;
}

export interface Survivor extends Change {
  readonly why: string;
}

export type Survivors = Readonly<Record<string, readonly Survivor[]>>;

export type Found = Change & { readonly file: string };

export function readSurvivors(): Survivors;
export function compare(
  files: object,
  survivors: Survivors,
): { unexplained: Found[]; outdated: Found[] };
export function describe(found: Found): string;
export function formatTable(survivors: Survivors): string;
export function inOneLine(code: string): string;
