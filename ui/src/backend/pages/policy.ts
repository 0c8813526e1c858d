// The Policy page's commands, answered from fixtures.

import type { DiffLine, DryRun, Explanation, MergedText, ModelStanding, PolicyLook, PolicyPage, PolicyVersion, PromptCheck, SaveOutcome } from "../../bindings.gen";
import type { Answers, Fixture } from "../fixtures";
import { HOUR, MIN, midnight, usd } from "../samples";
import { diff, edit, look } from "./policy-text";
import { real } from "./policy-real";

export type PolicyState = {
  page: PolicyPage;
  /** What Rust says of a text it was asked about; a stand-in says it of every other. */
  look?: { text: string; says: PolicyLook };
  diff?: DiffLine[];
  merged?: MergedText;
  versions: PolicyVersion[];
  texts: Record<string, string>;
  checks: PromptCheck[];
  answer: Explanation;
  /** What the person answers to the system's dialog. */
  yes: "yes" | "no";
};

export const TEXT = `# Which model answers what.
version: "14"
defaults:
  chat_default: summarize
  summarize:
    provider: gemini
    model: gemini-3-5-flash
    max_tokens: 1200
    rationale: Long input, short answer
  code_review:
    provider: anthropic
    model: claude-sonnet-5-5  # won 9 of 14 votes
    max_tokens: 4096
    tier: L2
    rationale: Finds real bugs, few false alarms
  translate:
    provider: mistral
    model: mistral-medium-4
    max_tokens: 2000
fallback:
  summarize:
    - {provider: openai, model: gpt-6-mini}
  # The second is cheaper, but slow in the evening.
  code_review:
    - {provider: openai, model: gpt-6}
    - {provider: deepseek, model: deepseek-v4}
cost_preflight:
  warn_usd: 0.50
caps:
  - {scope: all, window: day, limit_usd: 5.00, on_hit: block}
`;

const MODELS = [
  "anthropic/claude-haiku-5-5", "anthropic/claude-opus-5-5", "anthropic/claude-sonnet-5-5", "deepseek/deepseek-v4", "gemini/gemini-3-5-flash", "gemini/gemini-3-5-pro", "mistral/mistral-medium-4", "mistral/mistral-small-4",
  "ollama/qwen4-coder:14b", "openai/gpt-6", "openai/gpt-6-mini", "openai/gpt-6-nano", ...Array.from({ length: 60 }, (_, i) => `openrouter/vendor-${i + 1}/model-with-a-long-name-${i + 1}`),
];

let hashes = 0;
const hash = () => (0xa41c0de + ++hashes).toString(16).padStart(64, "0");

const standing = (model: string, over: Partial<ModelStanding>): ModelStanding => ({ model, place: null, tier: "L1", tier_reason: "$0.80 for a million tokens of output", likely: usd(2_100), worst: usd(6_400), max_tokens: 4096, price_source: "list price of 30 October 2026", why_not: null, ...over });

function answer(now: number): Explanation {
  return {
    answers: "anthropic/claude-sonnet-5-5", reason: "Class code_review: the first choice is `anthropic/claude-sonnet-5-5` (L2: as routing.yaml labels it).", code: null, class: "code_review", rule: "defaults.code_review", line: 10,
    policy_version: "14", profile: null,
    models: [
      standing("anthropic/claude-sonnet-5-5", { place: 1, tier: "L2", likely: usd(18_800), worst: usd(63_400) }), standing("openai/gpt-6", { place: 2, tier: "L2", likely: usd(21_400), worst: usd(71_900) }),
      standing("deepseek/deepseek-v4", { why_not: "The DeepSeek key was refused." }),
    ],
    caps: [{ title: "the day cap of $5.00", line: 30, limit: usd(5_000_000), used: usd(1_420_000), held: usd(50_000), left: usd(3_530_000), needed: usd(63_400), fits: true, stops: true, resets_ms: midnight(now, 1) }],
    most_input_tokens: 31, data_policy: "No rule matches.", cache: "The class keeps no answers.", warnings: [],
  };
}

const check = (id: string, over: Partial<DryRun>, expects: string, answers: string): PromptCheck => ({
  id, ask: { class: "code_review", model: null, prompt: "Review this diff for data races in settle().", client: null, images: 0, text: null, ...over }, expects,
  result: { passed: answers === expects, answers, reason: `Class ${over.class ?? "code_review"}: the first choice is \`${answers}\`.` },
});

export function policyState(now: number): PolicyState {
  hashes = 0;
  const [active, earlier, first] = [hash(), hash(), hash()];
  return {
    page: { path: "~/.local/share/pointsman/routing.yaml", running: { number: 14, hash: active, author: "form", since_ms: now - 142 * MIN }, file: "rules", sentence: "", text: TEXT, hash: active, kept: null, waiting: null, models: MODELS, clients: [{ id: "claude-desktop", title: "Claude Desktop" }, { id: "cursor", title: "Cursor" }] },
    versions: [
      { hash: active, author: "form", seen_ms: now - 142 * MIN, state: "active", lines: 29 }, { hash: earlier, author: "external", seen_ms: now - 26 * HOUR, state: "earlier", lines: 29 }, { hash: first, author: "first", seen_ms: now - 220 * HOUR, state: "earlier", lines: 12 },
    ],
    texts: { [active]: TEXT, [earlier]: TEXT.replace("1200", "800").replace("gpt-6-mini", "gpt-6-nano"), [first]: TEXT.slice(0, TEXT.indexOf("fallback:")) },
    checks: [check("c1", {}, "anthropic/claude-sonnet-5-5", "anthropic/claude-sonnet-5-5"), check("c2", { class: "translate", prompt: "Translate the release notes into German and keep the markup as it is." }, "mistral/mistral-medium-4", "mistral/mistral-medium-4")],
    answer: answer(now), yes: "yes",
  };
}

function save(state: Fixture, text: string, base: string, author: PolicyVersion["author"]): SaveOutcome {
  const it = state.policy;
  if (base !== it.page.hash) return { state: "moved", sentence: "Another program changed routing.yaml meanwhile. Nothing was written.", hash: it.page.hash, theirs: it.page.text, checks: [] };
  const is = look(text, it.page.text, it.page.models).outlook;
  if (is === "invalid") return { state: "invalid", sentence: "The text has errors. Nothing was written.", hash: it.page.hash, theirs: null, checks: [] };
  const fresh = hash();
  it.texts[fresh] = text;
  const waits = is === "waits" && it.yes === "no";
  const running = it.page.running!;
  Object.assign(it.page, { text, hash: fresh, kept: null, sentence: "", file: waits ? "waits" : "rules" });
  if (waits) it.page.waiting = { hash: fresh, seen_ms: Date.now(), widens: look(text, it.texts[running.hash]!, it.page.models).widens, diff: diff(it.texts[running.hash]!, text) };
  else {
    it.page.running = { number: running.number + 1, hash: fresh, author, since_ms: Date.now() };
    for (const one of it.versions) if (one.state === "active") one.state = "earlier";
  }
  it.versions.unshift({ hash: fresh, author, seen_ms: Date.now(), state: waits ? "waits" : "active", lines: text.split("\n").length - 1 });
  return { state: waits ? "waits" : "acts", sentence: waits ? "It is saved and waits. Version 14 stays active until you say yes." : `Version ${running.number + 1} is active.`, hash: fresh, theirs: null, checks: it.checks };
}

export const policyAnswers = {
  policy: (_, state) => state.policy.page,
  policy_look: ({ text }, { policy }) => (text === policy.look?.text ? policy.look.says : look(text, policy.page.text, policy.page.models)),
  policy_edit: ({ text, edits }) => edit(text, edits),
  policy_save({ text, base, author }, state, news) {
    queueMicrotask(() => news("policy"));
    return save(state, text, base, author);
  },
  policy_apply({ edits }, state, news) {
    queueMicrotask(() => news("policy"));
    return save(state, edit(state.policy.page.text, edits), state.policy.page.hash, "form");
  },
  policy_keep: () => null,
  policy_merge: ({ mine, theirs }, { policy }) => policy.merged ?? (mine.includes("max_tokens: 1500") && theirs.includes("max_tokens: 900")
    ? { text: theirs.replace("    max_tokens: 900\n", "<<<<<<< yours\n    max_tokens: 1500\n=======\n    max_tokens: 900\n>>>>>>> routing.yaml\n"), conflicts: 1 }
    : { text: theirs.replace("max_tokens: 1200", "max_tokens: 1500"), conflicts: 0 }),
  policy_versions: (_, { policy }) => policy.versions,
  policy_diff: ({ from, to }, { policy }) => policy.diff ?? diff(policy.texts[from]!, policy.texts[to ?? policy.page.running!.hash]!),
  policy_restore({ hash }, state, news) {
    queueMicrotask(() => news("policy"));
    return { ...save(state, state.policy.texts[hash]!, state.policy.page.hash, "form"), sentence: "The version is back in routing.yaml and active." };
  },
  dry_run: (_, { policy }) => policy.answer,
  prompt_checks: (_, { policy }) => policy.checks,
  prompt_check_put({ check }, { policy }) {
    policy.checks = [...policy.checks, { ...check, id: `c${policy.checks.length + 1}`, result: { passed: true, answers: check.expects, reason: "It is the first choice." } }];
    return policy.checks;
  },
  prompt_check_delete({ id }, { policy }) {
    policy.checks = policy.checks.filter((one) => one.id !== id);
    return policy.checks;
  },
} satisfies Partial<Answers>;

const on = (state: Fixture, page: Partial<PolicyPage>) => Object.assign(state.policy.page, page);
const WRONG = TEXT.replace("model: gpt-6-mini}", "model: gpt-6-mni}");

/** The states of the page, by the name of their fixture. */
export const policyFixtures: Record<string, (state: Fixture, now: number) => unknown> = {
  ...real,
  "policy-errors": (state) => on(state, { file: "broken", text: WRONG, hash: hash(), sentence: "Line 22, column 33: no model is called `gpt-6-mni`. Version 14 stays active." }),
  "policy-broken": (state) => on(state, { file: "broken", text: TEXT.replace("    max_tokens: 2000", "    max_tokens 2000"), hash: hash(), sentence: "Line 19, column 1: this line is neither a name with a colon nor an item of a list. Version 14 stays active." }),
  "policy-gone": (state) => on(state, { file: "gone", hash: "", sentence: "routing.yaml is gone. Still running the last good version." }),
  "policy-unreadable": (state) => on(state, { file: "unreadable", hash: "", sentence: "routing.yaml cannot be read: permission denied. Version 14 stays active. Give yourself the right to read it." }),
  "policy-empty": (state) => on(state, { running: null, text: 'version: "1"\n', hash: hash() }),
  "policy-waiting": (state, now) => {
    const text = TEXT.replace("limit_usd: 5.00", "limit_usd: 25.00");
    on(state, { file: "waits", text, hash: hash(), sentence: "An edit would allow more and waits.", waiting: { hash: "w1", seen_ms: now - 7 * MIN, widens: ["The day cap for all calls rises from $5.00 to $25.00."], diff: diff(TEXT, text) } });
  },
  "policy-kept": (state, now) => on(state, { kept: { text: TEXT.replace("max_tokens: 1200", "max_tokens: 1500"), base: state.policy.page.hash, at_ms: now - 40 * MIN } }),
  "policy-red": (state) => (state.policy.checks[1]!.result = { passed: false, answers: "openai/gpt-6-mini", reason: "Class translate: the first choice is `openai/gpt-6-mini`." }),
  "policy-refused": (state) => Object.assign(state.policy.answer, {
    answers: null, code: "cap_exceeded", reason: "The day cap of $5.00 has no room: $4.98 used, and this call may need $0.06. It resets at 00:00.",
    models: state.policy.answer.models.map((model) => ({ ...model, place: null, why_not: model.why_not ?? "The day cap of $5.00 has no room for it." })), caps: [{ ...state.policy.answer.caps[0]!, used: usd(4_980_000), left: usd(20_000), held: usd(0), fits: false }],
    warnings: ["No fallback is written for translate."],
  }),
  "policy-many": (state) => {
    const extra = Array.from({ length: 30 }, (_, i) => `  class_number_${i + 1}:\n    provider: openai\n    model: gpt-6-mini\n    max_tokens: 2000\n`).join("");
    const panel = `  second_opinion:\n    members:\n      - {provider: openai, model: gpt-6}\n    max_tokens: 900\n  tone:\n    split:\n      - {provider: openai, model: gpt-6, percent: 70}\n      - {provider: mistral, model: mistral-small-4, percent: 30}\n    max_tokens: 900\n    cache: true\n    strategy: cheapest\n`;
    on(state, { text: TEXT.replace("fallback:\n", `${panel}${extra}fallback:\n`) });
  },
  "policy-down": (state) => (state.deny.policy = { code: "ledger_unavailable", sentence: "The ledger cannot be read: the disk is full. Make room, then try again." }),
  "policy-readonly": (state) => (state.deny.policy_save = { code: "storage", sentence: "routing.yaml cannot be written: it is read-only. Give yourself the right to write it, then save again." }),
};
