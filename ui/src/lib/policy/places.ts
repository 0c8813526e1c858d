// Where things stand in routing.yaml: which class a line belongs to, which problems, how much a change is. For drawing
// only; what the text means, Rust says.

import type { ClassForm, DiffLine, LintProblem, PolicyForm } from "../../bindings.gen";

/** The class a line speaks of, in `defaults` or in `fallback`; lines count from 1. */
export function classAt(form: PolicyForm, lines: readonly string[], line: number): string | undefined {
  let top = Math.min(line, lines.length);
  while (top > 0 && !/^[^\s#-]/.test(lines[top - 1]!)) top -= 1;
  const section = /^["']?(\w+)/.exec(lines[top - 1] ?? "")?.[1];
  if (section === "defaults") return form.classes.findLast((one) => one.line <= line && one.line > top)?.name;
  if (section !== "fallback") return undefined;
  for (let at = line; at > top; at--) {
    const name = /^\s+["']?([\w.-]+)["']?\s*:/.exec(lines[at - 1]!)?.[1];
    const found = form.classes.find((one) => one.name === name);
    if (found) return found.name;
  }
  return undefined;
}

/** The problems of a class, wherever they stand. */
export function problemsOf(of: ClassForm, form: PolicyForm, lines: readonly string[], problems: readonly LintProblem[]): LintProblem[] {
  return problems.filter((problem) => classAt(form, lines, problem.line) === of.name);
}

/** What is underlined. */
export function marked(lines: readonly string[], problem: LintProblem): string {
  return (lines[problem.line - 1] ?? "").slice(problem.column - 1, problem.end_column - 1);
}

/** How many lines a change touches; a line that is written anew counts once. */
export function changedLines(diff: readonly DiffLine[]): number {
  let total = 0;
  let [added, removed] = [0, 0];
  for (const line of [...diff, { kind: "gap" } as const]) {
    if (line.kind === "add") added += 1;
    else if (line.kind === "del") removed += 1;
    else {
      total += Math.max(added, removed);
      [added, removed] = [0, 0];
    }
  }
  return total;
}

/** The lines where two edits of the same place stand between marks, from 1. */
export function conflictLines(lines: readonly string[]): number[] {
  return lines.flatMap((line, i) => (line.startsWith("<<<<<<<") ? [i + 1] : []));
}
