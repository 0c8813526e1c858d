import { expect, test } from "vitest";
import type { MoneyBar } from "../bindings.gen";
import { bar } from "./bar";

const money = (micros: number) => ({ micros, text: `$${micros / 1e6}` });
const of = (used_bp: number, held_bp: number, over: Partial<MoneyBar> = {}): MoneyBar => ({
  used: money(used_bp * 100), held: money(held_bp * 100), left: money(1_000_000 - (used_bp + held_bp) * 100), limit: money(1_000_000), raised: null, warns_at: null, used_bp, held_bp, resets_ms: 0, ...over,
});

test("used, then held, from the left", () => expect(bar(of(2840, 100))).toEqual({ used: "28.40%", heldAt: "28.40%", held: "1.00%", level: "calm" }));
test("held can be seen however small", () => expect(bar(of(2840, 0, { held: money(1) })).held).toBe("0.90%"));
test("held stays inside a full bar", () => expect(bar(of(9_990, 10))).toMatchObject({ used: "99.10%", heldAt: "99.10%", held: "0.90%" }));
test("a charge over the cap fills the bar and no more", () => expect(bar(of(12_000, 0, { left: money(0) }))).toMatchObject({ used: "100.00%", level: "stop" }));
test.each([[7_999, "calm"], [8_000, "caution"], [10_000, "stop"]])("%d is %s", (bp, level) => expect(bar(of(bp, 0)).level).toBe(level));
test("used and held together leave nothing: stop", () => expect(bar(of(6_000, 4_000)).level).toBe("stop"));
test("no cap, no alarm", () => expect(bar(of(0, 0, { limit: null, left: null })).level).toBe("calm"));
