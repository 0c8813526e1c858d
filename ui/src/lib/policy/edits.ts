// What the form does, as edits of the document. Pure: Rust decides which lines they change.

import type { ClassForm, EditValue, PathStep, PolicyEdit, PolicyForm } from "../../bindings.gen";

/** How a field of a class is written. */
export type Written = "text" | "plain";

/** A class as it is first written. */
export type NewClass = { name: string; model: string; maxTokens: string };

/** The first choice and what is tried after it, in order. */
export function choices(of: ClassForm): string[] {
  return [of.model, ...of.fallback];
}

/** Provider and name of `provider/model`; undefined where it is not both. */
export function halves(model: string): { provider: string; model: string } | undefined {
  const at = model.indexOf("/");
  return at > 0 && at < model.length - 1 && !/\s/.test(model) ? { provider: model.slice(0, at), model: model.slice(at + 1) } : undefined;
}

/** Writes another model at a place: 0 is the first choice. */
export function chooseModel(of: ClassForm, place: number, model: string): PolicyEdit[] {
  const [is, was] = [halves(model), halves(choices(of)[place] ?? "")];
  if (!is) return [];
  const at: PathStep[] = place === 0 ? ["defaults", of.name] : ["fallback", of.name, place - 1];
  return (["provider", "model"] as const).filter((key) => is[key] !== was?.[key]).map((key) => set([...at, key], text(is[key])));
}

/** Tries one more model after all others. */
export function addFallback(of: ClassForm, model: string): PolicyEdit[] {
  const value = named(model);
  return value ? [{ kind: "insert", path: ["fallback", of.name], at: of.fallback.length, value }] : [];
}

/** Takes a choice out; without the first, the next is the first. */
export function removeChoice(of: ClassForm, place: number): PolicyEdit[] {
  const [next] = of.fallback;
  if (place === 0) return next === undefined ? [] : [...chooseModel(of, 0, next), ...removeChoice(of, 1)];
  if (of.fallback.length === 1) return [{ kind: "remove", path: ["fallback", of.name] }];
  return [{ kind: "remove", path: ["fallback", of.name, place - 1] }];
}

/** Moves a choice. Among fallbacks the lines move with their comments; over the first choice the names change places. */
export function moveChoice(of: ClassForm, from: number, to: number): PolicyEdit[] {
  const all = choices(of);
  if (from === to || to < 0 || to >= all.length) return [];
  if (from > 0 && to > 0) return [{ kind: "move", path: ["fallback", of.name], from: from - 1, to: to - 1 }];
  const moved = all.toSpliced(from, 1).toSpliced(to, 0, all[from]!);
  return moved.flatMap((model, place) => (model === all[place] ? [] : chooseModel(of, place, model)));
}

/** Writes a field of a class, or takes it out where it is empty. */
export function setField(of: ClassForm, key: string, value: string, as: Written): PolicyEdit[] {
  return setAt(["defaults", of.name, key], value, as);
}

/** The same for a key that no class owns. */
export function setAt(path: PathStep[], value: string, as: Written): PolicyEdit[] {
  return value === "" ? [{ kind: "remove", path }] : [set(path, as === "text" ? text(value) : { kind: "plain", text: value })];
}

export function addClass({ name, model, maxTokens }: NewClass): PolicyEdit[] {
  const value = named(model);
  if (value?.kind !== "map") return [];
  return [set(["defaults", name], { kind: "map", entries: [...value.entries, { key: "max_tokens", value: { kind: "plain", text: maxTokens } }] })];
}

export function removeClass(of: ClassForm): PolicyEdit[] {
  const gone: PolicyEdit[] = [{ kind: "remove", path: ["defaults", of.name] }];
  return of.fallback.length > 0 ? [...gone, { kind: "remove", path: ["fallback", of.name] }] : gone;
}

export function renameClass(of: ClassForm, key: string): PolicyEdit[] {
  return key === "" || key === of.name ? [] : [{ kind: "rename", path: ["defaults", of.name], key }];
}

/** Moves a class by its places among classes; the map also holds `chat_default`, which is none. */
export function moveClass(form: PolicyForm, document: string, from: number, to: number): PolicyEdit[] {
  if (from === to || to < 0 || to >= form.classes.length) return [];
  const entry = (place: number) => place + Number(chatDefaultLine(form, document) < form.classes[place]!.line);
  return [{ kind: "move", path: ["defaults"], from: entry(from), to: entry(to) }];
}

/** The line of `chat_default`; past all others where there is none. */
function chatDefaultLine(form: PolicyForm, document: string): number {
  if (form.chat_default === null) return Infinity;
  const at = document.split("\n").findIndex((line) => /^\s*["']?chat_default["']?\s*:/.test(line));
  return at < 0 ? Infinity : at + 1;
}

function set(path: PathStep[], value: EditValue): PolicyEdit {
  return { kind: "set", path, value };
}

function text(text: string): EditValue {
  return { kind: "text", text };
}

function named(model: string): EditValue | undefined {
  const both = halves(model);
  return both && { kind: "map", entries: [{ key: "provider", value: text(both.provider) }, { key: "model", value: text(both.model) }] };
}
