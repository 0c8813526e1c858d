import { expect, test } from "vitest";
import type { CapCard } from "../bindings.gen";
import { en } from "../i18n/en";
import { capLevel, capTitle, isReached } from "./caps";
import { speak } from "./i18n";

speak(en, "en-GB");
const money = (micros: number) => ({ micros, text: "" });
const cap = (over: Partial<CapCard>): CapCard => ({
  identity: "", account: "", account_title: "", scope: "all", name: null, window: "day", on_hit: "block", limit: money(100), written: "1", raised: null, used: money(10),
  held: money(0), left: money(90), used_bp: 1_000, held_bp: 0, since_ms: null, resets_ms: null, alerts: [], line: 1, refused: 0, raise: null, ...over,
});

test.each([
  [{}, "Day, everything"],
  [{ window: "month", since_ms: new Date(2026, 10, 1).getTime() }, "November, everything"],
  [{ scope: "client", account: "claude-desktop", account_title: "Claude Desktop" }, "Day, Claude Desktop"],
  [{ scope: "client" }, "Day, no client"],
  [{ scope: "client", used: null }, "Day, each client"],
  [{ scope: "provider", used: null }, "Day, each provider"],
  [{ scope: "model", name: "openai/gpt-6", account: "openai/gpt-6", account_title: "openai/gpt-6", window: "total" }, "In total, gpt-6"],
  [{ window: "call", used: null }, "Each call, everything"],
] satisfies [Partial<CapCard>, string][])("%j is called %s", (over, title) => expect(capTitle(cap(over))).toBe(title));

test("a cap is reached where it holds calls back, and one that only warns never is", () => {
  expect([capLevel(cap({ used_bp: 7_999 })), capLevel(cap({ used_bp: 8_000 })), capLevel(cap({ used_bp: 10_000 }))]).toEqual(["calm", "caution", "stop"]);
  expect(capLevel(cap({ used_bp: 10_000, on_hit: "warn" }))).toBe("caution");
  expect(isReached(cap({ used_bp: 10_000 }))).toBe(true);
  expect(isReached(cap({ used_bp: 10_000, on_hit: "warn" }))).toBe(false);
  expect(isReached(cap({ used_bp: 8_500, held_bp: 600, refused: 1 })), "too full for what was asked").toBe(true);
  expect(isReached(cap({ used_bp: 5_000, refused: 1 })), "raised since").toBe(false);
});
