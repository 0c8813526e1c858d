// Words. Every sentence of the window is one entry of a catalogue; none is built from pieces. An entry is a text with
// {names}, or one text per plural form of {n}.

import { en } from "../i18n/en";

export type Plural = { one: string; other: string };
export type Message = string | Plural;
export type Key = keyof typeof en;
export type Catalogue = Record<Key, Message>;

let catalogue: Catalogue = en;
let tag = known(typeof navigator === "undefined" ? "en" : navigator.language);

/** The system's language where Intl knows its name. With LANG=C it is "C", on which every Intl call throws. */
export function known(wanted: string | undefined): string {
  try {
    return Intl.getCanonicalLocales(wanted)[0] ?? "en";
  } catch {
    return "en";
  }
}

/** Uses another catalogue; before the first page is drawn. */
export function speak(words: Catalogue, language: string): void {
  catalogue = words;
  tag = language;
}

/** The language tag for Intl. */
export function language(): string {
  return tag;
}

/** The sentence of a key. `n` picks the plural form and is written with the separators of the language. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const message = catalogue[key];
  const text = typeof message === "string" ? message : form(message, Number(values.n));
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? new Intl.NumberFormat(tag).format(value) : value;
  });
}

/** `a, b and c`, or with `or`. In the language of the catalogue, for it stands inside its sentences. */
export function list(names: readonly string[], join: "and" | "or" = "and"): string {
  return new Intl.ListFormat("en", { type: join === "and" ? "conjunction" : "disjunction" }).format(names);
}

/** The same, each marked as code. */
export function codes(names: readonly string[]): string {
  return list(names.map((name) => `\`${name}\``));
}

function form(message: Plural, n: number): string {
  return new Intl.PluralRules("en").select(n) === "one" ? message.one : message.other;
}

/** Every catalogue text accented and a third longer, in brackets: shows words that were not in the catalogue and rows
 * that break when a language needs more room. */
export function pseudo(words: Catalogue): Catalogue {
  const swap: Record<string, string> = { a: "å", e: "é", i: "î", o: "ö", u: "ü", A: "Å", E: "É", I: "Î", O: "Ö", U: "Ü" };
  const one = (text: string) => {
    const accented = text.replace(/\{\w+\}|`[^`]*`|[aeiouAEIOU]/g, (s) => swap[s] ?? s);
    return `[${accented}${"~".repeat(Math.ceil(text.length / 3))}]`;
  };
  const all = Object.entries(words).map(([key, message]) => [
    key,
    typeof message === "string" ? one(message) : { one: one(message.one), other: one(message.other) },
  ]);
  return Object.fromEntries(all) as Catalogue;
}
