// Which models of the list are shown, and in which order. The list is whole here, so that no filter waits for an answer.

import type { ModelMark, ModelRow } from "../bindings.gen";

export type Which = "keys" | "all" | "local";
export type Can = Extract<ModelMark, "images" | "tools" | "reasoning" | "schema">;
export type Wanted = {
  text: string;
  which: Which;
  can: Can | "";
  /** The dearest output, in millionths of a dollar for a million tokens. */
  most: number | undefined;
  /** The least context in tokens. */
  context: number | undefined;
};
export type By = "name" | "tier" | "context" | "price" | "speed";
export type Order = { by: By; down: boolean };

export const ANY: Wanted = { text: "", which: "keys", can: "", most: undefined, context: undefined };

/** Whether something but the group is asked for. */
export function narrowed(wanted: Wanted): boolean {
  return wanted.text.trim() !== "" || wanted.can !== "" || wanted.most !== undefined || wanted.context !== undefined;
}

/** The name behind the provider's. */
export function shortName(id: string): string {
  return id.slice(id.indexOf("/") + 1);
}

export function providerOf(id: string): string {
  return id.slice(0, id.indexOf("/"));
}

export function chosen(rows: readonly ModelRow[], wanted: Wanted, title: (provider: string) => string): ModelRow[] {
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  const { most, context, can } = wanted;
  return rows.filter((row) => {
    if (wanted.which === "keys" && row.standing === "keyless") return false;
    if (wanted.which === "local" && !row.marks.includes("local")) return false;
    if (can !== "" && !row.marks.includes(can)) return false;
    // What nobody says is not within a limit.
    if (most !== undefined && !(row.price && row.price.output.micros <= most)) return false;
    if (context !== undefined && !(row.context !== null && row.context >= context)) return false;
    if (words.length === 0) return true;
    const text = `${row.id} ${title(providerOf(row.id))}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** What a column is sorted by; unknown is last, whichever way. */
const RANK: Record<By, (row: ModelRow) => number | string | null> = {
  name: (row) => shortName(row.id).toLowerCase(),
  tier: (row) => row.tier,
  context: (row) => row.context,
  price: (row) => row.price?.output.micros ?? null,
  speed: (row) => row.speed?.first_ms ?? null,
};

/** Sorted by a column; without one in the order they came in, those of routing.yaml first. */
export function sorted(rows: ModelRow[], order: Order | undefined): ModelRow[] {
  if (!order) return rows;
  const rank = RANK[order.by];
  const way = order.down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return x < y ? -way : x > y ? way : 0;
  });
}

/** The way a column is sorted first: the cheapest, the quickest, but the longest context. */
export function next(order: Order | undefined, by: By): Order | undefined {
  const first = by === "context";
  if (order?.by !== by) return { by, down: first };
  return order.down === first ? { by, down: !first } : undefined;
}
