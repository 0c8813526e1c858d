import { describe, expect, test } from "vitest";
import type { ClassForm, LintProblem, PolicyForm } from "../../bindings.gen";
import { changedLines, classAt, conflictLines, marked, problemsOf } from "./places";

const TEXT = `version: "1"
defaults:
  sum:
    provider: google
    model: flash
  review: {provider: anthropic, model: sonnet}
# between
fallback:
  sum:
    - {provider: openai, model: gpt-6-mni}
  review:
    - {provider: openai, model: mini}
caps:
  - {scope: all}`.split("\n");
const one = (name: string, line: number) => ({ name, line }) as ClassForm;
const FORM = { classes: [one("sum", 3), one("review", 6)] } as PolicyForm;
const problem = (line: number, column: number, end_column: number): LintProblem => ({ severity: "error", line, column, end_column, sentence: "", fixes: [] });

test("a line belongs to the class whose answer or fallback it is", () => {
  const found = TEXT.map((_, i) => classAt(FORM, TEXT, i + 1) ?? "-");
  expect(found.join(" ")).toBe("- - sum sum sum review review - sum sum review review - -");
});

describe("a problem", () => {
  test("is shown at its class, wherever it stands", () => {
    const problems = [problem(10, 33, 42), problem(14, 1, 2)];
    expect(problemsOf(FORM.classes[0]!, FORM, TEXT, problems)).toEqual([problems[0]]);
    expect(problemsOf(FORM.classes[1]!, FORM, TEXT, problems)).toEqual([]);
  });

  test("underlines what is wrong", () => {
    expect(marked(TEXT, problem(10, 33, 42))).toBe("gpt-6-mni");
    expect(marked(TEXT, problem(99, 1, 4))).toBe("");
  });
});

test("a line that is written anew is one changed line", () => {
  const line = (kind: "same" | "add" | "del" | "gap") => ({ kind, number: 1, text: "" });
  expect(changedLines([line("same"), line("del"), line("add"), line("add"), line("same"), line("del"), line("gap"), line("add")])).toBe(4);
  expect(changedLines([])).toBe(0);
});

test("places that need the person are found by their marks", () => {
  expect(conflictLines(["a", "<<<<<<< mine", "b", "=======", "c", ">>>>>>> theirs", "<<<<<<< mine"])).toEqual([2, 7]);
});
