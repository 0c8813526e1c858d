import { describe, expect, test } from "vitest";
import type { ClassForm, PolicyForm } from "../../bindings.gen";
import { addClass, addFallback, chooseModel, halves, moveChoice, moveClass, removeChoice, removeClass, renameClass, setField } from "./edits";

const one = (over: Partial<ClassForm> = {}): ClassForm => ({
  name: "review", line: 3, single: true, rationale: null, model: "anthropic/sonnet", fallback: ["openai/gpt", "openrouter/x/y"], split: [], strategy: null,
  max_tokens: "4096", tier: null, temperature: null, timeout_s: null, cache: false, too_long: null, truncate_oldest: false, refused: null, ...over,
});
const form = (over: Partial<PolicyForm> = {}): PolicyForm => ({ chat_default: null, classes: [one(), one({ name: "sum", line: 7 }), one({ name: "tr", line: 11 })], warn_usd: null, block_usd: null, profiles: [], providers: [], ...over });

describe("a model", () => {
  test("is a provider and a name, which may itself hold a slash", () => {
    expect(halves("openrouter/x/y")).toEqual({ provider: "openrouter", model: "x/y" });
    for (const wrong of ["gpt", "/gpt", "openai/", "openai/g pt", ""]) expect(halves(wrong)).toBeUndefined();
  });

  test("at the same provider changes one line, elsewhere two", () => {
    expect(chooseModel(one(), 0, "anthropic/opus")).toEqual([{ kind: "set", path: ["defaults", "review", "model"], value: { kind: "text", text: "opus" } }]);
    expect(chooseModel(one(), 2, "openai/gpt").map((edit) => edit.path)).toEqual([["fallback", "review", 1, "provider"], ["fallback", "review", 1, "model"]]);
    expect(chooseModel(one(), 0, "nonsense")).toEqual([]);
    expect(chooseModel(one(), 0, "anthropic/sonnet")).toEqual([]);
  });
});

describe("the order of choices", () => {
  test("moves lines among fallbacks and names over the first choice", () => {
    expect(moveChoice(one(), 1, 2)).toEqual([{ kind: "move", path: ["fallback", "review"], from: 0, to: 1 }]);
    expect(moveChoice(one(), 1, 0).map((edit) => [edit.path.join("."), "value" in edit && "text" in edit.value && edit.value.text])).toEqual([
      ["defaults.review.provider", "openai"], ["defaults.review.model", "gpt"], ["fallback.review.0.provider", "anthropic"], ["fallback.review.0.model", "sonnet"],
    ]);
    expect(moveChoice(one(), 2, 3)).toEqual([]);
  });

  test("without its first has the next as first", () => {
    expect(removeChoice(one({ fallback: ["openai/gpt"] }), 0).map((edit) => [edit.kind, edit.path.join(".")])).toEqual([
      ["set", "defaults.review.provider"], ["set", "defaults.review.model"], ["remove", "fallback.review"],
    ]);
    expect(removeChoice(one(), 2)).toEqual([{ kind: "remove", path: ["fallback", "review", 1] }]);
    expect(removeChoice(one({ fallback: [] }), 0), "the only choice stays").toEqual([]);
  });

  test("takes one more at its end", () => {
    expect(addFallback(one(), "groq/l")).toMatchObject([{ kind: "insert", path: ["fallback", "review"], at: 2 }]);
  });
});

describe("a class", () => {
  test("that is removed takes its fallbacks along", () => {
    expect(removeClass(one())).toHaveLength(2);
    expect(removeClass(one({ fallback: [] }))).toEqual([{ kind: "remove", path: ["defaults", "review"] }]);
  });

  test("is renamed only to another name", () => {
    expect(renameClass(one(), "review")).toEqual([]);
    expect(renameClass(one(), "audit")).toEqual([{ kind: "rename", path: ["defaults", "review"], key: "audit" }]);
  });

  test("is moved past an entry that is no class", () => {
    expect(moveClass(form(), "", 0, 1)).toEqual([{ kind: "move", path: ["defaults"], from: 0, to: 1 }]);
    const before = "defaults:\n  chat_default: sum\n  review:\n    model: x\n\n\n  sum:\n";
    expect(moveClass(form({ chat_default: "sum" }), before, 0, 2)).toEqual([{ kind: "move", path: ["defaults"], from: 1, to: 3 }]);
    expect(moveClass(form(), "", 2, 3)).toEqual([]);
  });

  test("is first written with its model and the most it may answer", () => {
    expect(addClass({ name: "new", model: "openai/gpt", maxTokens: "2000" })).toEqual([{ kind: "set", path: ["defaults", "new"], value: { kind: "map", entries: [
      { key: "provider", value: { kind: "text", text: "openai" } }, { key: "model", value: { kind: "text", text: "gpt" } }, { key: "max_tokens", value: { kind: "plain", text: "2000" } },
    ] } }]);
  });

  test("loses a field that is emptied", () => {
    expect(setField(one(), "timeout_s", "", "plain")).toEqual([{ kind: "remove", path: ["defaults", "review", "timeout_s"] }]);
    expect(setField(one(), "timeout_s", "90", "plain")).toEqual([{ kind: "set", path: ["defaults", "review", "timeout_s"], value: { kind: "plain", text: "90" } }]);
  });
});
