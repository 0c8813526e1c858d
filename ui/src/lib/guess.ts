// Which provider a pasted key is from, by how it begins. Only a guess: the person sees it before the key is sent.

import type { ProviderChoice } from "../bindings.gen";

/** The providers with the longest matching prefix: one is a guess, several are a question, none is unknown. */
export function guess(key: string, providers: ProviderChoice[]): ProviderChoice[] {
  const text = key.trim();
  const length = (provider: ProviderChoice) =>
    Math.max(0, ...provider.prefixes.filter((prefix) => text.startsWith(prefix)).map((prefix) => prefix.length));
  const longest = Math.max(0, ...providers.map(length));
  return longest === 0 ? [] : providers.filter((provider) => length(provider) === longest);
}
