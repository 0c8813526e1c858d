import { describe, expect, test } from "vitest";
import { hunks, spans, type Span } from "./change";

function applied(text: string, changes: Span[]): string {
  let out = "";
  let at = 0;
  for (const change of changes) {
    out += text.slice(at, change.from) + change.insert.join("\n");
    at = change.to;
  }
  return out + text.slice(at);
}

const texts = ["", "a", "a\n", "a\nb\nc", "a\nb\nc\n", "b\nc", "a\nx\nc\n", "c\nb\na\n", "a\nb\nc\nd\n", "\n\na\n\nb", "x: 1\n  y: 2\nz: 3\n", "x: 1\n  y: 12\nz: 3\n# end\n", "a\na\na\nb\na\n"];

describe("from one text to another", () => {
  test.each(texts.flatMap((from) => texts.map((to) => [from, to] as const)))("%j becomes %j", (from, to) => {
    const changes = spans(from.split("\n"), to.split("\n"));
    expect(applied(from, changes)).toBe(to);
    for (let i = 1; i < changes.length; i++) expect(changes[i]!.from).toBeGreaterThanOrEqual(changes[i - 1]!.to);
  });

  test("two edits far apart are two spans, and what is between is not touched", () => {
    const before = ["defaults:", "  a:", "    model: x", "  # kept", "fallback:", "  a:", "    - y"];
    const after = ["defaults:", "  b:", "    model: x", "  # kept", "fallback:", "  b:", "    - y"];
    expect(hunks(before, after).map((hunk) => [hunk.from, hunk.to])).toEqual([[1, 2], [5, 6]]);
    expect(spans(before, after)).toEqual([{ from: 12, to: 13, insert: ["b"] }, { from: 49, to: 50, insert: ["b"] }]);
  });

  test("a text too long to compare line by line is one span", () => {
    const before = Array.from({ length: 1_500 }, (_, i) => `a${i}`);
    const after = Array.from({ length: 1_500 }, (_, i) => `b${i}`);
    expect(hunks(["same", ...before], ["same", ...after])).toHaveLength(1);
  });
});
