import { expect, test } from "vitest";
import type { ProviderChoice } from "../bindings.gen";
import { guess } from "./guess";

const choice = (id: string, ...prefixes: string[]): ProviderChoice => ({ id, title: id, origin: `${id}.test`, prefixes, keys_page: null });
const ALL = [choice("openai", "sk-proj-", "sk-"), choice("deepseek", "sk-"), choice("openrouter", "sk-or-"), choice("markless")];

test.each([
  ["sk-proj-1", ["openai"]],
  ["sk-or-v1-1", ["openrouter"]],
  ["sk-1", ["openai", "deepseek"]],
  ["  sk-or-v1-1\n", ["openrouter"]],
  ["hello", []],
  ["", []],
])("%j is from %j", (key, expected) => expect(guess(key, ALL).map((one) => one.id)).toEqual(expected));
