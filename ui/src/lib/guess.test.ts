import { expect, test } from "vitest";
import type { ProviderChoice } from "../bindings.gen";
import { guess } from "./guess";

const choice = (id: string, ...prefixes: string[]): ProviderChoice => ({ id, title: id, origin: `${id}.test`, first: null, prefixes, keys_page: null });
// The marks of the built-in providers.
const ALL = [
  choice("anthropic", "sk-ant-"), choice("azure-openai"), choice("deepseek", "sk-"), choice("gemini", "AIza"), choice("groq", "gsk_"), choice("mistral"),
  choice("openai", "sk-proj-", "sk-svcacct-", "sk-"), choice("openrouter", "sk-or-"), choice("together"), choice("xai", "xai-"),
];

test.each([
  ["sk-proj-1", ["openai"]],
  ["sk-or-v1-1", ["openrouter"]],
  ["sk-ant-api03-1", ["anthropic"]],
  ["gsk_1", ["groq"]],
  ["xai-1", ["xai"]],
  ["AIzaSy1", ["gemini"]],
  ["sk-1", ["deepseek", "openai"]],
  ["  sk-or-v1-1\n", ["openrouter"]],
  ["hello", []],
  ["", []],
])("%j is from %j", (key, expected) => expect(guess(key, ALL).map((one) => one.id)).toEqual(expected));
