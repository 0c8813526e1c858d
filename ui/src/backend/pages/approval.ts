// The approval window's commands, answered from the question that Rust wrote down. What counts as an answer is not
// played here: that is Rust's.

import type { ApprovalAsk } from "../../bindings.gen";
import type { Answers, Fixture } from "../fixtures";
import { written } from "../written";
import question from "../written/approval.json";

const ask = (now: number, over: Partial<ApprovalAsk> = {}): ApprovalAsk => ({ ...written<ApprovalAsk>(question, now), expires_ms: now + 31_000, ...over });

export const approvals: Record<string, (now: number) => ApprovalAsk[]> = {
  approval: (now) => [ask(now)],
  "approval-two": (now) => [ask(now), ask(now, { id: "second", nonce: "n2", class: "plan_change", client: "Cursor", why: "The answer was not the JSON asked for, twice.", expires_ms: now + 45_000 })],
  "approval-bare": (now) => [ask(now, { grant: null, left: null, handoff: "", why: "You asked for practice-large by name." })],
  "approval-long": (now) => [
    ask(now, {
      client: "a-client-with-a-long-name-of-its-own", class: "summarize_the_whole_thread_of_the_quarterly_report_for_the_board",
      why: `The checker sent the answer back twice: “${"Misses the race between the release and the write, and says nothing of it. ".repeat(4)}”`,
      to: { model: "claude-sonnet-5-5-with-a-very-long-name-20261101", provider: "openrouter/anthropic", tier: "L3" },
      handoff: `<img src=x onerror="window.pwned=1"><b>bold</b>\n${written<ApprovalAsk>(question, now).handoff}\n`.repeat(12),
    }),
  ],
  "approval-resting": (now) => [ask(now)],
  "approval-none": () => [],
};

export const approvalAnswers = {
  approval: (_, state: Fixture) => (state.approvals[0] ? { ...state.approvals[0], waiting: state.approvals.length - 1 } : null),
  approval_shown: () => null,
  approval_answer({ id, nonce, answer }, state: Fixture, news) {
    const front = state.approvals[0];
    if (front?.id !== id || front.nonce !== nonce) return { done: false, sentence: "This is no answer to the question that was asked." };
    state.approvals = state.approvals.slice(1);
    if (state.approvals.length > 0) setTimeout(() => news("policy"), 50);
    return { done: true, sentence: answer === "deny" ? "Denied." : answer === "allow_once" ? "Allowed once." : "Allowed, and not asked again for as long as it says." };
  },
} satisfies Partial<Answers>;
