/** Makes the children of a list be these, in this order; what is in its place stays untouched, and so does the focus. */
export function placeInOrder(
  list: HTMLElement,
  wanted: readonly HTMLElement[],
): void {
  const focused = document.activeElement;
  const keep = new Set<Element>(wanted);
  for (const child of Array.from(list.children))
    if (!keep.has(child)) child.remove();
  let next = list.firstElementChild;
  for (const each of wanted) {
    if (each === next) next = next.nextElementSibling;
    else list.insertBefore(each, next);
  }
  if (
    focused instanceof HTMLElement &&
    focused !== document.activeElement &&
    list.contains(focused)
  ) {
    focused.focus({ preventScroll: true });
  }
}
