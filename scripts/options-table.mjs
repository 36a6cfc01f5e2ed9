// The tables of options in docs/, made from the schemas that validate the options.
// The pages are held to them by test/docs/options.spec.ts.
import { z } from 'zod';

/** The pages that have such tables. */
export const PAGES = [
  'docs/options.md',
  'docs/observability.md',
  'docs/fleet.md',
];

/**
 * A Markdown table of a schema's options.
 *
 * @param {import('zod').ZodObject} schema
 * @param {{ get(schema: unknown): { takes: string; meaning?: string } | undefined }} docs the words to each option
 * @param {string} id what stands before the names in the addresses of the options, where a page has several tables
 */
export function optionsTable(schema, docs, id = '') {
  return [
    '| option | default | takes | meaning |',
    '| --- | --- | --- | --- |',
    ...rowsOf(schema, docs, '', {}).map(
      ([path, ...cells]) =>
        `| <a id="${id}${path}"></a>\`${path}\` | ${cells.join(' | ')} |`,
    ),
  ].join('\n');
}

/** The text with what stands between `<!-- options:name -->` and `<!-- /options -->` replaced. */
export function withTables(text, tables) {
  return text.replaceAll(
    /(<!-- options:(\w+) -->).*?(<!-- \/options -->)/gs,
    (whole, start, name, end) =>
      tables[name] === undefined
        ? whole
        : `${start}\n\n${tables[name]}\n\n${end}`,
  );
}

function rowsOf(group, docs, prefix, discriminator) {
  const defaults = group.safeParse(discriminator).data ?? {};
  return Object.entries(group.shape).flatMap(([key, schema]) => {
    // A group with an option that must be given has no defaults as a whole.
    const standard = defaults[key] ?? schema.safeParse(undefined).data;
    const path = `${prefix}${key}`;
    const words = docs.get(schema);
    if (words === undefined) return [];
    const { takes, meaning = '' } = words;
    const groups = kindsOf(schema).filter(kind => kind instanceof z.ZodObject);
    const isDiscriminator = key === 'type' && prefix !== '';
    const own = isDiscriminator
      ? []
      : [[path, shown(schema, standard, takes), takes, meaning]];
    const inner = groups.flatMap(each =>
      rowsOf(each, docs, `${path}.`, typeOf(each)),
    );
    return [...own.map(cells => cells.map(escape)), ...inner];
  });
}

/** A default as one would write it. */
function shown(schema, value, takes) {
  if (value === undefined) {
    return schema instanceof z.ZodOptional ? 'none' : 'required';
  }
  if (typeof value === 'number' && takes.startsWith('a duration')) {
    return `\`${durationOf(value)}\``;
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    return `\`${literal(value)}\``;
  }
  const inner = Object.entries(value).map(([key, each]) => {
    const isDuration =
      /^(?:initial|max|per)$|age|duration|deadline/i.test(key) && each;
    return `${key}: ${isDuration ? durationOf(each) : literal(each)}`;
  });
  return `\`${inner.length === 0 ? '{}' : `{ ${inner.join(', ')} }`}\``;
}

function durationOf(milliseconds) {
  if (milliseconds % 60_000 === 0 && milliseconds > 60_000) {
    return `'${milliseconds / 60_000}m'`;
  }
  return milliseconds % 1_000 === 0
    ? `'${milliseconds / 1_000}s'`
    : `${milliseconds}`;
}

function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  return typeof value === 'string' ? `'${value}'` : String(value);
}

function escape(cell) {
  return cell.replaceAll('|', '\\|');
}

/** What tells a group from the others in its union. */
function typeOf(group) {
  const type = group.shape.type && kindsOf(group.shape.type)[0];
  return type instanceof z.ZodLiteral ? { type: type.value } : {};
}

function kindsOf(schema) {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(kindsOf);
  if (schema instanceof z.ZodPipe) return kindsOf(schema.in);
  return schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional
    ? kindsOf(schema.unwrap())
    : [schema];
}
