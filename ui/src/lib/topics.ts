// Which news concerns which page: one table, so that a new command says here what makes it stale.

import type { Topic } from "../bindings.gen";

export const PROVIDES = {
  status: ["request", "money", "key", "policy", "pause", "client"],
  overview: ["request", "money", "key", "policy", "pause", "client"],
  keys: ["key", "policy", "money"],
  clients: ["client", "request", "money"],
  activity: ["request", "money"],
  // Not with each request, for its speeds: the list is long.
  models: ["key", "policy"],
  model: ["key", "policy", "request", "money"],
  policy: ["policy", "key"],
  request: ["request", "money"],
  spend: ["request", "money", "policy"],
  ledger: ["request", "money"],
} as const satisfies Record<string, readonly Topic[]>;

export type Readable = keyof typeof PROVIDES;

/** Whether news of these topics makes what `cmd` gave stale. */
export function concerns(cmd: Readable, topics: readonly Topic[]): boolean {
  const provided: readonly Topic[] = PROVIDES[cmd];
  return topics.some((topic) => provided.includes(topic));
}
