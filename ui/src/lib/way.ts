// The way a request went, as rows to draw: for each step a node on its lane, its words and its amount. No words are
// kept here; what to say is chosen by what happened.

import type { AttemptEnd, RequestDetail, RequestStep } from "../bindings.gen";
import { en } from "../i18n/en";
import { list, t, type Key } from "./i18n";
import { dayAndTime, duration, offset } from "./time";

export type Node = "start" | "open" | "failed" | "busy" | "done" | "stop" | "note";
/** What leads on from a row: nothing, its own lane, the next lane, or a later correction. */
export type Onward = "none" | "same" | "switch" | "later";
export type Line = { text: string; tone?: "caution" | "stop" };
export type Row = { key: string; time: string; node: Node; lane: number; onward: Onward; title: string; lines: Line[]; amount: string; assumed: boolean };

type Attempt = Extract<RequestStep, { kind: "attempt" }>;
type Held = Extract<RequestStep, { kind: "held" }>;

/** Times further from the beginning than this are told by the clock. */
const FAR_MS = 600_000;

/** `deepseek/deepseek-v4` without its provider. */
export function bare(model: string): string {
  return model.slice(model.indexOf("/") + 1);
}

export function way(detail: RequestDetail, now: number): Row[] {
  const { steps, row } = detail;
  let lane = 0;
  const rows = steps.map((step, at): Row => {
    if (step.kind === "attempt") lane = step.lane;
    const since = step.at_ms - row.at_ms;
    const time = since > FAR_MS ? dayAndTime(step.at_ms, now) : offset(since);
    const drawn = draw(step, [steps[at - 1], steps[at + 1]], detail, now);
    return { key: `${step.kind}-${at}`, time, lane, onward: "none", amount: "", assumed: false, ...drawn };
  });
  rows.forEach((one, at) => {
    const next = rows[at + 1];
    if (!next) return;
    if (next.node === "note") one.onward = "later";
    else one.onward = next.lane === one.lane ? "same" : "switch";
  });
  return rows;
}

type Drawn = Pick<Row, "node" | "title" | "lines"> & Partial<Row>;

type Beside = [before: RequestStep | undefined, next: RequestStep | undefined];

function draw(step: RequestStep, beside: Beside, detail: RequestDetail, now: number): Drawn {
  switch (step.kind) {
    case "planned":
      return planned(step, detail.rule);
    case "not_kept":
      return { node: "open", title: t("way.notkept"), lines: [{ text: t("way.notkept.text") }] };
    case "kept":
      return { node: "done", title: t("way.kept"), lines: [{ text: step.since_ms === null ? t("way.kept.text") : t("way.kept.since", { time: dayAndTime(step.since_ms, now) }) }], amount: detail.row.cost.text };
    case "held":
      return { node: "open", title: t("way.held"), lines: caps(step.caps), amount: step.amount.text };
    case "denied": {
      const checked = step.caps.length > 0 ? caps(step.caps) : [{ text: step.sentence }];
      return { node: "stop", title: t("way.denied"), lines: checked, amount: detail.row.cost.text };
    }
    case "attempt":
      return attempt(step, beside);
    case "ended":
      return ended(step, detail);
    case "adjusted":
      return { node: "note", title: t("way.adjusted", { reason: step.reason }), lines: [], amount: step.amount.micros > 0 ? t("way.plus", { amount: step.amount.text }) : step.amount.text };
  }
}

function planned(step: Extract<RequestStep, { kind: "planned" }>, rule: string): Drawn {
  const [first, ...rest] = step.models;
  const lines: Line[] = [];
  if (first) lines.push({ text: t("way.first", { model: bare(first.model), brief: step.brief }) });
  if (rest.length > 0) lines.push({ text: t("way.then", { models: list(rest.map((one) => t("way.model", { model: bare(one.model), tier: one.tier }))) }) });
  lines.push(...step.notes.map((text) => ({ text, tone: "caution" as const })));
  const title = rule === "model" || rule === "" ? t("way.named") : t("way.rule", { rule: rule.replace(/^defaults\./, "") });
  return { node: "start", title, lines };
}

function caps(checked: Held["caps"]): Line[] {
  if (checked.length === 0) return [{ text: t("way.nocap") }];
  return checked.map(({ title, left, needed, hit }) => {
    const values = { title, left: left.text, needed: needed.text };
    if (hit === null) return { text: t("way.cap", values) };
    const key = `way.cap.${hit}`;
    return { text: t(known(key) ? key : "way.cap.block", values), tone: hit === "block" || hit === "ask" ? "stop" : "caution" };
  });
}

const NODES: Record<AttemptEnd, Node> = { running: "busy", answered: "open", failed: "failed", cancelled: "failed", lost: "failed" };

function attempt(step: Attempt, [before, next]: Beside): Drawn {
  const model = bare(step.model);
  const lines: Line[] = [];
  const said = before?.kind === "attempt" && before.words === step.words;
  if (step.words) lines.push({ text: said ? t("way.same", { status: String(step.status ?? step.code) }) : step.words });
  const took = step.took_ms === null ? "" : duration(step.took_ms);
  if (step.end === "running") lines.push({ text: t("way.running") });
  if (step.end === "answered") lines.push({ text: step.first_ms === null ? t("way.answered", { took }) : t("way.answered.first", { first: duration(step.first_ms), took }) });
  if (step.end === "cancelled") lines.push({ text: t("way.cancelled", { took }) });
  if (step.end === "lost") lines.push({ text: t("way.lost") });
  const retried = next?.kind === "attempt" && next.why === "retry" ? next : undefined;
  if (retried?.waited_ms) lines.push({ text: t("way.wait", { time: duration(retried.waited_ms) }) });
  else if (step.retry_after_ms !== null && !retried) lines.push({ text: t("way.toolong", { time: duration(step.retry_after_ms) }) });
  const amount = step.charged?.text ?? "";
  return { node: NODES[step.end], title: step.end === "failed" ? failed(step, model) : asked(step, model), lines, amount, assumed: step.assumed };
}

function asked({ why }: Attempt, model: string): string {
  if (why === "retry") return t("way.again");
  if (why === "mend") return t("way.mend");
  return t(why === "fallback" ? "way.fallback" : why === "local" ? "way.local" : "way.asked", { model });
}

function failed({ why, code }: Attempt, model: string): string {
  const key = `what.${code ?? "other"}`;
  const what = t(known(key) ? key : "what.other");
  if (why === "retry") return t("way.failed.again", { what });
  if (why === "mend") return t("way.failed.mend", { what });
  return t(why === "fallback" ? "way.failed.fallback" : "way.failed", { model, what });
}

function ended(step: Extract<RequestStep, { kind: "ended" }>, detail: RequestDetail): Drawn {
  const amount = step.charged.text;
  if (step.state === "answered" || step.state === "fallback") {
    const { tokens, price } = detail;
    const counted = tokens && { input: tokens.input, output: tokens.output, source: price?.source ?? "" };
    const text = !counted ? t("way.done.uncounted") : t(price?.reported ? "way.done.reported" : "way.done.text", counted);
    return { node: "done", title: t("way.done"), lines: [{ text }], amount };
  }
  if (step.state === "cancelled") return { node: "stop", title: t("way.cancel"), lines: [], amount };
  if (step.state === "interrupted") return { node: "stop", title: t("way.interrupted"), lines: [{ text: t("way.interrupted.text") }], amount };
  // What the last attempt said stands above it already.
  const said = detail.steps.some((one) => one.kind === "attempt" && one.words !== null && step.sentence.startsWith(one.words));
  return { node: "stop", title: t("way.failedall"), lines: said || !step.sentence ? [] : [{ text: step.sentence }], amount };
}

function known(key: string): key is Key {
  return key in en;
}
