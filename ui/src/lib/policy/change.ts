// From one text to another with as few changes as its lines need, so that the cursor, the marks and the undo history of
// an editor stay where they are. Offsets count each line break as one, as the editor does.

export type Span = { from: number; to: number; insert: string[] };

/** Beyond this many pairs of lines, comparing them all takes longer than a person should notice; one span then. */
const PAIRS = 1_000_000;

/** What turns `before` into `after`, in order and apart from each other. */
export function spans(before: readonly string[], after: readonly string[]): Span[] {
  const at = starts(before);
  const end = at[before.length]! - 1;
  return hunks(before, after).map(({ from, to, lines }) => {
    if (lines.length === 0) {
      if (to < before.length) return { from: at[from]!, to: at[to]!, insert: [""] };
      return { from: from > 0 ? at[from]! - 1 : 0, to: end, insert: [""] };
    }
    if (from === to) return from < before.length ? { from: at[from]!, to: at[from]!, insert: [...lines, ""] } : { from: end, to: end, insert: ["", ...lines] };
    return narrow(before.slice(from, to), lines, at[from]!, at[to]! - 1);
  });
}

type Hunk = { from: number; to: number; lines: string[] };

/** Runs of lines that differ: `[from, to)` of the old become `lines`. */
export function hunks(before: readonly string[], after: readonly string[]): Hunk[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < before.length - head && tail < after.length - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  const a = before.slice(head, before.length - tail);
  const b = after.slice(head, after.length - tail);
  if (a.length === 0 && b.length === 0) return [];
  if (a.length * b.length > PAIRS || a.length === 0 || b.length === 0) return [{ from: head, to: head + a.length, lines: b }];
  return apart(a, b).map((hunk) => ({ ...hunk, from: hunk.from + head, to: hunk.to + head }));
}

/** The longest common subsequence of the lines stays; what is between becomes hunks. */
function apart(a: string[], b: string[]): Hunk[] {
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] = a[i] === b[j] ? longest[(i + 1) * width + j + 1]! + 1 : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
  const found: Hunk[] = [];
  let open: Hunk | undefined;
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      open = undefined;
      i += 1;
      j += 1;
      continue;
    }
    if (!open) found.push((open = { from: i, to: i, lines: [] }));
    if (j >= b.length || (i < a.length && longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!)) open.to = ++i;
    else open.lines.push(b[j++]!);
  }
  return found;
}

/** Leaves out what is the same at both ends of a run, down to the letter. */
function narrow(old: string[], lines: string[], from: number, to: number): Span {
  if (old.length !== 1 || lines.length !== 1) return { from, to, insert: lines };
  const [a, b] = [old[0]!, lines[0]!];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  return { from: from + head, to: to - tail, insert: [b.slice(head, b.length - tail)] };
}

/** Where each line begins, and one past the end. */
function starts(lines: readonly string[]): number[] {
  const at = [0];
  for (const line of lines) at.push(at[at.length - 1]! + line.length + 1);
  return at;
}
