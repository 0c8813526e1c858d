// Words of the main window. Every sentence of it is one entry of a catalogue; none is built from pieces. An entry is a
// text with {names}, or one text per plural form of {n}.

import { en } from "../i18n/en";
import { fill, known, pseudo, type Message, type Values } from "./message";

export { known, pseudo };
export type Key = keyof typeof en;
export type Catalogue = Record<Key, Message>;

let catalogue: Catalogue = en;
let tag = known(typeof navigator === "undefined" ? "en" : navigator.language);

/** Uses another catalogue; before the first page is drawn. */
export function speak(words: Catalogue, language: string): void {
  catalogue = words;
  tag = language;
}

/** The language tag for Intl. */
export function language(): string {
  return tag;
}

/** The sentence of a key. */
export function t(key: Key, values: Values = {}): string {
  return fill(catalogue[key], values, tag);
}

/** `a, b and c`, or with `or`. In the language of the catalogue, for it stands inside its sentences. */
export function list(names: readonly string[], join: "and" | "or" = "and"): string {
  return new Intl.ListFormat("en", { type: join === "and" ? "conjunction" : "disjunction" }).format(names);
}

/** The same, each marked as code. */
export function codes(names: readonly string[]): string {
  return list(names.map((name) => `\`${name}\``));
}
