// A list too long to draw: which of its rows are drawn, where the keys go, how far it scrolls to show a row. All rows
// have one height; a head of its own height stays at the top of the box.

export type Box = { top: number; height: number; head: number; row: number };
export type Slice = { first: number; end: number; above: number; below: number };

/** Rows drawn beyond each edge, so that a quick scroll shows no gap. */
const SPARE = 8;

/** The rows to draw, `end` not included, and the empty room above and below them. */
export function slice(count: number, { top, height, head, row }: Box): Slice {
  const seen = Math.max(0, height - head);
  const most = Math.max(0, count - 1);
  const first = Math.min(most, Math.max(0, Math.floor(top / row) - SPARE));
  const end = Math.min(count, Math.max(first, Math.ceil((top + seen) / row) + SPARE));
  return { first, end, above: first * row, below: (count - end) * row };
}

/** Where to scroll so that a row is wholly seen; the same place where it is. */
export function reveal(at: number, { top, height, head, row }: Box): number {
  const seen = Math.max(row, height - head);
  if (at * row < top) return at * row;
  if ((at + 1) * row > top + seen) return (at + 1) * row - seen;
  return top;
}

/** The row a key goes to; undefined where it is no key of a list. `at` is -1 where none is chosen. */
export function moved(key: string, at: number, count: number, { height, head, row }: Box): number | undefined {
  if (count === 0) return undefined;
  const page = Math.max(1, Math.floor((height - head) / row) - 1);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: count - 1 }[key];
  return to === undefined ? undefined : Math.min(count - 1, Math.max(0, to));
}
