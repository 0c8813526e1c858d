import { afterEach, expect, test } from "vitest";
import { en } from "../i18n/en";
import { codes, known, list, pseudo, speak, t } from "./i18n";

afterEach(() => speak(en, "en-GB"));
speak(en, "en-GB");

test("one and many", () => {
  expect(t("status.problems", { n: 1 })).toBe("1 problem");
  expect(t("status.problems", { n: 2 })).toBe("2 problems");
  expect(t("activity.today", { n: 1_044, amount: "$1.42" })).toBe("1,044 requests today, $1.42");
});
test("a name that was not given stays to be seen", () => expect(t("money.of")).toBe("of {limit}"));
test("a value is text, whatever it holds", () => expect(t("money.of", { limit: "{limit}$&" })).toBe("of {limit}$&"));
test("lists", () => {
  expect(list(["a", "b", "c"], "or")).toBe("a, b, or c");
  expect(codes(["a"])).toBe("`a`");
});
test("the pseudo language keeps names and code and lengthens the rest", () => {
  speak(pseudo(en), "en");
  const text = t("draft.sub", { path: "/x/routing.yaml", time: "now" });
  expect(text).toContain("`/x/routing.yaml`");
  expect(text).toMatch(/^\[.*~+\]$/);
});
test("no sentence shouts, begs or apologises", () => {
  const all = Object.values(en).flatMap((message) => (typeof message === "string" ? [message] : [message.one, message.other]));
  expect(all.filter((text) => /!|\b(please|oops|sorry)\b/i.test(text))).toEqual([]);
});
test.each([["de-DE", "de-DE"], ["C", "en"], ["", "en"], [undefined, "en"], ["en_US", "en"]])("the system's language %j is spoken as %s", (wanted, tag) => expect(known(wanted)).toBe(tag));
