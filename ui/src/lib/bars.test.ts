import { expect, test } from "vitest";
import { en } from "../i18n/en";
import type { SpendPage } from "../bindings.gen";
import { barName, named, periodName } from "./bars";
import { speak } from "./i18n";

speak(en, "en-GB");

test("as many bars are named as there is room for, and days by the week", () => {
  expect(named(30, "day", 8)).toEqual([0, 7, 14, 21, 28]);
  expect(named(30, "day", 3)).toEqual([0, 10, 20]);
  expect(named(24, "hour", 9)).toEqual([0, 6, 12, 18]);
  expect(named(7, "day", 8)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(named(53, "week", 6)).toEqual([0, 9, 18, 27, 36, 45]);
  expect(named(1, "hour", 0)).toEqual([0]);
});

test("a bar is called by what it stands for", () => {
  const bucket = { start_ms: new Date(2026, 10, 8, 9).getTime(), total: { micros: 0, text: "$0.00" }, to_come: false };
  expect([barName(bucket, "hour"), barName(bucket, "day"), barName(bucket, "month")]).toEqual(["09:00", "8 Nov", "November"]);
});

test("a period is called as it was chosen", () => {
  const page = { from: "2026-10-01", to: "2026-10-09" } as SpendPage;
  expect(periodName({ kind: "last_month" }, page)).toBe("October 2026");
  expect(periodName({ kind: "week" }, page)).toBe("Last 7 days");
  expect(periodName({ kind: "between", from: "2026-10-01", to: "2026-10-09" }, page)).toBe("1 Oct to 9 Oct");
});
