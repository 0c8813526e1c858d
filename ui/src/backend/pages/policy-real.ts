// The Policy page with what Rust really answered (../written, by crates/engine/tests/policy_desk.rs).

import type { DiffLine, Explanation, MergedText, PolicyLook, PolicyPage, PolicyVersion, PromptCheck } from "../../bindings.gen";
import type { Fixture } from "../fixtures";
import dry from "../written/dry-run.json";
import refused from "../written/dry-run-refused.json";
import broken from "../written/policy-broken.json";
import changed from "../written/policy-diff.json";
import empty from "../written/policy-empty.json";
import gone from "../written/policy-gone.json";
import edited from "../written/policy-look.json";
import errors from "../written/policy-look-errors.json";
import merged from "../written/policy-merge.json";
import rules from "../written/policy.json";
import versions from "../written/policy-versions.json";
import waiting from "../written/policy-waiting.json";
import checks from "../written/prompt-checks.json";
import { written } from "../written";
import { look } from "./policy-text";

/** All of it, with this page. */
function on(state: Fixture, now: number, file: { now: number; answer: unknown }): PolicyPage {
  const page = written<PolicyPage>(file, now);
  Object.assign(state.policy, {
    page, versions: written<PolicyVersion[]>(versions, now), diff: written<DiffLine[]>(changed, now), merged: written<MergedText>(merged, now),
    checks: written<PromptCheck[]>(checks, now), answer: written<Explanation>(dry, now), texts: page.running ? { [page.running.hash]: page.text } : {},
  });
  // Nothing was written down of a text nobody edited: its form is read by the stand-in.
  const says = look(page.text, page.running ? page.text : "");
  const [, line, column] = /^Line (\d+), column (\d+)/.exec(page.sentence) ?? [];
  if (line) says.problems = [{ severity: "error", line: Number(line), column: Number(column), end_column: Number(column) + 3, sentence: page.sentence.replace(/^[^:]*: | Version .*$/g, ""), fixes: [] }];
  state.policy.look = { text: page.text, says };
  return page;
}

/** The page, and what Rust said of an edit of it. */
function kept(state: Fixture, now: number, says: { now: number; answer: unknown }, edit: (text: string) => string): void {
  const page = on(state, now, rules);
  const text = edit(page.text);
  state.policy.look = { text, says: written<PolicyLook>(says, now) };
  page.kept = { text, base: page.hash, at_ms: now - 600_000 };
}

export const real: Record<string, (state: Fixture, now: number) => unknown> = {
  "policy-real": (state, now) => on(state, now, rules),
  "policy-real-broken": (state, now) => on(state, now, broken),
  "policy-real-gone": (state, now) => on(state, now, gone),
  "policy-real-empty": (state, now) => on(state, now, empty),
  "policy-real-waiting": (state, now) => on(state, now, waiting),
  "policy-real-refused": (state, now) => {
    on(state, now, rules);
    state.policy.answer = written<Explanation>(refused, now);
  },
  "policy-real-edited": (state, now) => kept(state, now, edited, (text) => text.replace("max_tokens: 800", "max_tokens: 600")),
  "policy-real-errors": (state, now) =>
    kept(state, now, errors, (text) => text.replace("max_tokens: 800", "max_tokens: 600").replace("max_tokens: 4096", "max_tokns: 4096").replace("cheapest}", "cheapst}").replace("limit_usd: 2}", "limit_usd: $2}")),
};
