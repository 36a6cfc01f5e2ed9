type Child = Node | string | undefined;

/** An element with properties, attributes (by `aria-` and `data-` names) and children. Text is only ever text. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Record<string, string | boolean> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'boolean') made.toggleAttribute(name, value);
    else made.setAttribute(name === 'className' ? 'class' : name, value);
  }
  for (const child of children) if (child !== undefined) made.append(child);
  return made;
}

/** The element of the page that has this id. */
export function byId<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** Changes a text only where it differs: a screen reader and the layout notice each change. */
export function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** A term and its description, for a `<dl>`. */
export function fact(
  term: string,
  className = '',
): [HTMLDivElement, HTMLElement] {
  const description = element('dd');
  const pair = element(
    'div',
    { className: `fact ${className}`.trim() },
    element('dt', {}, term),
    description,
  );
  return [pair, description];
}
