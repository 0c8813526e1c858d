import { describe, expect, test } from "vitest";
import type { ModelRow } from "../bindings.gen";
import { ANY, chosen, next, sorted, type Wanted } from "./models";

const usd = (dollars: number) => ({ micros: dollars * 1e6, text: `$${dollars}` });
const row = (id: string, over: Partial<ModelRow> = {}): ModelRow => ({ id, standing: "addable", tier: "L1", context: null, price: null, speed: null, marks: [], ...over });
const ROWS = [
  row("openai/gpt-6", { standing: "ready", context: 400_000, price: { input: usd(3), output: usd(14) }, marks: ["images", "listed"] }),
  row("xai/grok-5", { standing: "keyless", price: { input: usd(1), output: usd(2) } }),
  row("ollama/qwen4:14b", { standing: "off", tier: "L0", context: 64_000, price: { input: usd(0), output: usd(0) }, marks: ["local"] }),
  row("openai/gpt-6-mini", { standing: "unpriced", speed: { first_ms: 400, tokens_per_s: null, calls: 3 } }),
];
const title = (id: string) => ({ openai: "OpenAI", xai: "xAI", ollama: "Ollama" })[id] ?? id;
const names = (wanted: Partial<Wanted>) => chosen(ROWS, { ...ANY, ...wanted }, title).map((one) => one.id);

describe("shown are", () => {
  test("those whose provider can be asked, at first", () => expect(names({})).toEqual(["openai/gpt-6", "ollama/qwen4:14b", "openai/gpt-6-mini"]));
  test("all, where that is wanted", () => expect(names({ which: "all" })).toHaveLength(4));
  test("those of this machine", () => expect(names({ which: "local" })).toEqual(["ollama/qwen4:14b"]));
  test("those that have every word, of the provider too", () => {
    expect(names({ text: " OPENAI mini " })).toEqual(["openai/gpt-6-mini"]);
    expect(names({ text: "gpt zzz" })).toEqual([]);
  });
  test("those that are known to be within a limit: unknown is not", () => {
    expect(names({ most: 5e6 })).toEqual(["ollama/qwen4:14b"]);
    expect(names({ context: 200_000 })).toEqual(["openai/gpt-6"]);
    expect(names({ can: "images" })).toEqual(["openai/gpt-6"]);
  });
});

describe("a column", () => {
  test("sorts what is known, and leaves what is not at the end whichever way", () => {
    const by = (down: boolean) => sorted(ROWS, { by: "price", down }).map((one) => one.id);
    expect(by(false)).toEqual(["ollama/qwen4:14b", "xai/grok-5", "openai/gpt-6", "openai/gpt-6-mini"]);
    expect(by(true)).toEqual(["openai/gpt-6", "xai/grok-5", "ollama/qwen4:14b", "openai/gpt-6-mini"]);
  });
  test("sorts one way, the other, and not at all", () => {
    const once = next(undefined, "price");
    expect(once).toEqual({ by: "price", down: false });
    expect(next(once, "price")).toEqual({ by: "price", down: true });
    expect(next(next(once, "price"), "price")).toBeUndefined();
    expect(next(once, "context"), "the longest first").toEqual({ by: "context", down: true });
  });
  test("leaves the order of the list as it came", () => expect(sorted(ROWS, undefined)).toBe(ROWS));
});
