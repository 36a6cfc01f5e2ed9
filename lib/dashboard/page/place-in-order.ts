/** Makes the children of a list be these, in this order; what is in its place stays untouched. */
export function placeInOrder(
  list: HTMLElement,
  wanted: readonly HTMLElement[],
): void {
  const keep = new Set<Element>(wanted);
  for (const child of Array.from(list.children))
    if (!keep.has(child)) child.remove();
  let next = list.firstElementChild;
  for (const each of wanted) {
    if (each === next) next = next.nextElementSibling;
    else list.insertBefore(each, next);
  }
}

/** Moves elements about; what has the focus keeps it, unless it is gone. */
export function keepingFocus(move: () => void): void {
  const focused = document.activeElement;
  move();
  if (focused instanceof HTMLElement && focused !== document.activeElement)
    focused.focus({ preventScroll: true });
}
