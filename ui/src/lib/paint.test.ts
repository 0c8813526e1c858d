import { expect, test } from "vitest";
import { paint } from "./paint";

test("names and strings of JSON", () => {
  expect(paint('  "args": ["-y", "a\\"b"]', "json")).toEqual([
    { text: "  ", kind: "" }, { text: '"args"', kind: "k" }, { text: ": [", kind: "" }, { text: '"-y"', kind: "s" }, { text: ", ", kind: "" }, { text: '"a\\"b"', kind: "s" }, { text: "]", kind: "" },
  ]);
});
test("names of YAML", () => expect(paint("  - scope: all", "yaml")).toEqual([{ text: "  - ", kind: "" }, { text: "scope", kind: "k" }, { text: ": all", kind: "" }]));
test.each(["", "   ", '"open', "<script>", "a: b: c", "- x", "# k: v", '{"a":"b"}', "\t\"x\" :1"])("loses nothing of %j", (line) => {
  for (const language of ["json", "yaml"] as const) expect(paint(line, language).map((piece) => piece.text).join("")).toBe(line);
});
