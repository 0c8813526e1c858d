// How an entry of a catalogue becomes a sentence. Knows no catalogue: each window brings its own.

export type Plural = { one: string; other: string };
export type Message = string | Plural;
export type Values = Record<string, string | number>;

/** The system's language where Intl knows its name. With LANG=C it is "C", on which every Intl call throws. */
export function known(wanted: string | undefined): string {
  try {
    return Intl.getCanonicalLocales(wanted)[0] ?? "en";
  } catch {
    return "en";
  }
}

/** The sentence of a message. `n` picks the plural form and is written with the separators of the language. */
export function fill(message: Message, values: Values, tag: string): string {
  const text = typeof message === "string" ? message : form(message, Number(values.n));
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? new Intl.NumberFormat(tag).format(value) : value;
  });
}

function form(message: Plural, n: number): string {
  return new Intl.PluralRules("en").select(n) === "one" ? message.one : message.other;
}

/** Every text of a catalogue accented and a third longer, in brackets: shows words that were not in the catalogue and
 * rows that break when a language needs more room. */
export function pseudo<C extends Record<string, Message>>(words: C): Record<keyof C, Message> {
  const swap: Record<string, string> = { a: "å", e: "é", i: "î", o: "ö", u: "ü", A: "Å", E: "É", I: "Î", O: "Ö", U: "Ü" };
  const one = (text: string) => {
    const accented = text.replace(/\{\w+\}|`[^`]*`|[aeiouAEIOU]/g, (s) => swap[s] ?? s);
    return `[${accented}${"~".repeat(Math.ceil(text.length / 3))}]`;
  };
  const all = Object.entries(words).map(([key, message]) => [
    key,
    typeof message === "string" ? one(message) : { one: one(message.one), other: one(message.other) },
  ]);
  return Object.fromEntries(all) as Record<keyof C, Message>;
}
