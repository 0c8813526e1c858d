// A small stand-in for what Rust does to the text of routing.yaml, enough for the page tests' own documents: block maps
// two spaces deep, one list item a line. Real answers are in ../written.

import type { ClassForm, DiffLine, EditValue, LintProblem, PathStep, PolicyEdit, PolicyForm, PolicyLook } from "../../bindings.gen";
import { hunks } from "../../lib/policy/change";

type Entry = { key: string; lines: string[] };
type Section = { key: string; lines: string[]; entries: Entry[] };

/** Without `models`, any may be named. */
export function look(text: string, disk: string, models?: readonly string[]): PolicyLook {
  const lines = text.split("\n");
  const problems = [...unreadable(lines), ...(models ? unknown(lines, models) : [])];
  const broken = unreadable(lines).length > 0;
  const widens = limits(text) > limits(disk) ? [`The day cap for all calls rises from $${limits(disk).toFixed(2)} to $${limits(text).toFixed(2)}.`] : [];
  return {
    problems, form: broken ? null : formOf(text), widens, diff: diff(disk, text),
    outlook: problems.some((one) => one.severity === "error") ? "invalid" : text === disk ? "same" : widens.length > 0 ? "waits" : "acts",
  };
}

function unreadable(lines: string[]): LintProblem[] {
  return lines.flatMap((line, i) => (/^(<{7}|={7}|>{7})/.test(line) || (line.trim() !== "" && !/^\s*(#|-)/.test(line) && !line.includes(":")) ? [{ severity: "error" as const, line: i + 1, column: 1, end_column: line.length + 1, sentence: "This line is neither a name with a colon nor an item of a list.", fixes: [] }] : []));
}

function unknown(lines: string[], models: readonly string[]): LintProblem[] {
  const names = new Set(models.map((model) => model.slice(model.indexOf("/") + 1)));
  return lines.flatMap((line, i): LintProblem[] => {
    const name = /\bmodel: ([\w./:-]+)/.exec(line);
    if (!name || names.has(name[1]!)) return [];
    const column = name.index + 8;
    const at = { line: i + 1, column, end_column: column + name[1]!.length };
    return [{ severity: "error", ...at, sentence: `No model is called \`${name[1]}\`.`, fixes: [{ title: "Use `gpt-6-mini`", ...at, text: "gpt-6-mini" }] }];
  });
}

const limits = (text: string) => Number(/limit_usd: ([\d.]+)/.exec(text)?.[1] ?? 0);

/** Changes with three lines around each. */
export function diff(from: string, to: string): DiffLine[] {
  const [a, b] = [from.split("\n"), to.split("\n")];
  const out: DiffLine[] = [];
  let [done, shift] = [0, 0];
  for (const { from: start, to: end, lines } of hunks(a, b)) {
    const begin = Math.max(done, start - 3);
    if (begin > done && out.length > 0) out.push({ kind: "gap", number: 0, text: "" });
    for (let i = begin; i < start; i++) out.push({ kind: "same", number: i + 1 + shift, text: a[i]! });
    for (let i = start; i < end; i++) out.push({ kind: "del", number: i + 1, text: a[i]! });
    lines.forEach((text, i) => out.push({ kind: "add", number: start + shift + i + 1, text }));
    shift += lines.length - (end - start);
    done = end;
    for (; done < Math.min(a.length, end + 3) && !hunks(a, b).some((next) => next.from === done); done++) out.push({ kind: "same", number: done + 1 + shift, text: a[done]! });
  }
  return out;
}

export function edit(text: string, edits: PolicyEdit[]): string {
  return edits.reduce(one, text);
}

function one(text: string, it: PolicyEdit): string {
  const sections = read(text);
  const [top, name, ...rest] = it.path;
  const section = sections.find((one) => one.key === top) ?? made(sections, { key: String(top), lines: [`${top}:`], entries: [] });
  const entry = section.entries.find((one) => one.key === name);
  switch (it.kind) {
    case "rename":
      for (const place of sections) for (const one of place.entries) if (one.key === name) [one.key, one.lines[0]] = [it.key, one.lines[0]!.replace(String(name), it.key)];
      return written(sections).replace(new RegExp(`(chat_default|too_long): ${String(name)}$`, "gm"), `$1: ${it.key}`);
    case "move":
      if (name === undefined) moved(section.entries, it.from, it.to);
      else if (entry) moved(entry.lines, it.from + 1, it.to + 1);
      return written(sections);
    case "insert":
      (entry ?? made(section.entries, { key: String(name), lines: [`  ${name}:`] })).lines.splice(it.at + 1, 0, `    - ${flow(it.value)}`);
      return written(sections);
    case "remove":
      if (rest.length === 0) section.entries.splice(0, Infinity, ...section.entries.filter((one) => one !== entry));
      else if (entry) entry.lines.splice(lineOf(entry, rest[0]!), 1);
      return written(sections);
    case "set":
      put(section, entry, String(name), rest, it.value);
      return written(sections);
  }
}

function put(section: Section, entry: Entry | undefined, name: string, rest: PathStep[], value: EditValue): void {
  if (rest.length === 0) {
    const lines = value.kind === "map" ? [`  ${name}:`, ...value.entries.map((one) => `    ${one.key}: ${flow(one.value)}`)] : [`  ${name}: ${flow(value)}`];
    if (entry) entry.lines = lines;
    else section.entries.push({ key: name, lines });
    return;
  }
  if (!entry) return;
  const [step, key] = rest;
  const at = lineOf(entry, step!);
  if (typeof step === "number") entry.lines[at] = entry.lines[at]!.replace(new RegExp(`(${String(key)}: )[^,}]+`), `$1${flow(value)}`);
  else if (at > 0) entry.lines[at] = entry.lines[at]!.replace(/(: )\S.*?(\s+#.*)?$/, `$1${flow(value)}$2`);
  else entry.lines.push(`    ${step}: ${flow(value)}`);
}

function flow(value: EditValue): string {
  if (value.kind === "map") return `{${value.entries.map((one) => `${one.key}: ${flow(one.value)}`).join(", ")}}`;
  if (value.kind === "list") return `[${value.items.map(flow).join(", ")}]`;
  return value.text;
}

function made<T>(into: T[], it: T): T {
  into.push(it);
  return it;
}

function moved<T>(all: T[], from: number, to: number): void {
  all.splice(to, 0, ...all.splice(from, 1));
}

function lineOf(entry: Entry, step: PathStep): number {
  return typeof step === "number" ? step + 1 : entry.lines.findIndex((line) => line.trimStart().startsWith(`${step}:`));
}

function read(text: string): Section[] {
  const sections: Section[] = [{ key: "", lines: [], entries: [] }];
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const section = sections.at(-1)!;
    const top = /^(\w+):/.exec(line)?.[1];
    const inner = /^ {2}([\w.-]+):/.exec(line)?.[1];
    if (top) sections.push({ key: top, lines: [line], entries: [] });
    else if (inner) section.entries.push({ key: inner, lines: [line] });
    else (section.entries.at(-1) ?? section).lines.push(line);
  }
  return sections;
}

function written(sections: Section[]): string {
  return `${sections.filter((one) => one.key === "" || one.key !== "fallback" || one.entries.length > 0).flatMap((one) => [...one.lines, ...one.entries.flatMap((entry) => entry.lines)]).join("\n")}\n`;
}

function formOf(text: string): PolicyForm {
  const sections = read(text);
  const entries = (key: string) => sections.find((one) => one.key === key)?.entries ?? [];
  const value = (entry: Entry | undefined, key: string) => {
    const body = entry?.lines.join("\n") ?? "";
    const found = new RegExp(`^ +${key}: (.+?)(?: +#.*)?$`, "m").exec(body) ?? new RegExp(`\\b${key}: ([^,}\\n]+)`).exec(body);
    return found?.[1]?.trim().replaceAll('"', "") ?? null;
  };
  const chat = entries("defaults").find((one) => one.key === "chat_default");
  const preflight = { key: "", lines: (sections.find((one) => one.key === "cost_preflight")?.entries ?? []).flatMap((one) => one.lines) };
  const target = (lines: string) => `${/provider: ([\w.-]+)/.exec(lines)?.[1] ?? ""}/${/model: ([\w./:-]+)/.exec(lines)?.[1] ?? ""}`;
  const lines = text.split("\n");
  return {
    chat_default: chat ? value(chat, "chat_default") : null,
    classes: entries("defaults").filter((one) => one !== chat).map((one): ClassForm => {
      const body = one.lines.join("\n");
      const shares = [...body.matchAll(/- \{provider: ([\w.-]+), model: ([\w./:-]+), percent: (\d+)\}/g)];
      return {
        name: one.key, line: lines.indexOf(one.lines[0]!) + 1, single: !body.includes("members:"), rationale: value(one, "rationale"), model: target(body),
        fallback: (entries("fallback").find((other) => other.key === one.key)?.lines.slice(1) ?? []).filter((line) => line.includes("provider")).map(target),
        split: shares.map(([, provider, model, percent]) => ({ model: `${provider}/${model}`, percent: percent! })), strategy: value(one, "strategy"), max_tokens: value(one, "max_tokens"),
        tier: value(one, "tier"), temperature: value(one, "temperature"), timeout_s: value(one, "timeout_s"), cache: value(one, "cache") === "true", too_long: value(one, "too_long"),
        truncate_oldest: value(one, "truncate_oldest") === "true", refused: null,
      };
    }),
    warn_usd: value(preflight, "warn_usd"), block_usd: value(preflight, "block_usd"), profiles: [], providers: [],
  };
}
