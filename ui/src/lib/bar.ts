// The widths of a money bar. Drawing only: the amounts and their texts come from Rust.

import type { MoneyBar } from "../bindings.gen";

export type Level = "calm" | "caution" | "stop";
export type Bar = { used: string; heldAt: string; held: string; level: Level };

/** What a bar is drawn from. */
type Drawn = Pick<MoneyBar, "held" | "left" | "limit" | "used_bp" | "held_bp">;

/** Held is at least 0.9 % wide, so that it can be seen, and never leaves the bar. */
export function bar(of: Drawn): Bar {
  const used = Math.min(100, of.used_bp / 100);
  const held = of.held.micros === 0 ? 0 : Math.max(0.9, of.held_bp / 100);
  const at = Math.min(used, 100 - Math.min(held, 100));
  return { used: width(Math.min(used, at)), heldAt: width(at), held: width(Math.min(held, 100)), level: level(of) };
}

function level(of: Drawn): Level {
  if (!of.limit) return "calm";
  if (of.used_bp >= 10_000 || (of.left !== null && of.left.micros <= 0)) return "stop";
  return of.used_bp >= 8_000 ? "caution" : "calm";
}

function width(percent: number): string {
  return `${percent.toFixed(2)}%`;
}
