import { beforeAll, describe, expect, test } from "vitest";
import { en } from "../i18n/en";
import { speak } from "./i18n";
import { ago, count, dayAndTime, dayOfYear, duration, elapsed, fullDate, monthEnding, percent, sameDay, since, tokensShort, until } from "./time";

// Days are those of the place the person is in: the zone is set by vitest.config's `env`.
const NOW = new Date(2026, 10, 21, 14, 24).getTime();
const MIN = 60_000;

beforeAll(() => speak(en, "en-GB"));

describe("a time of day", () => {
  test.each([
    [new Date(2026, 10, 21, 8, 51), "today 08:51"],
    [new Date(2026, 10, 20, 23, 59), "yesterday 23:59"],
    [new Date(2026, 10, 22, 0, 0), "tomorrow 00:00"],
    [new Date(2026, 10, 12, 9, 15), "12 Nov, 09:15"],
  ])("%s", (at, expected) => expect(dayAndTime(at.getTime(), NOW)).toBe(expected));

  test("until today needs no day", () => expect(until(NOW + 60 * MIN, NOW)).toBe("15:24"));
  test("yesterday's midnight is another day, however near", () => expect(sameDay(new Date(2026, 10, 21, 0, 0).getTime(), new Date(2026, 10, 20, 23, 59).getTime())).toBe(false));
  test("follows the language", () => {
    speak(en, "en-US");
    expect(dayAndTime(new Date(2026, 10, 21, 14, 2).getTime(), NOW)).toMatch(/^today 2:02\sPM$/);
    speak(en, "en-GB");
  });
});

describe("how long ago", () => {
  test.each([
    [0, "just now", "now"],
    [59_999, "just now", "now"],
    [2 * MIN, "2 min ago", "2 min"],
    [59.9 * MIN, "59 min ago", "59 min"],
    [60 * MIN, "1 h ago", "1 h"],
    [26 * 60 * MIN, "yesterday 12:24", "20 Nov"],
    [-5 * MIN, "just now", "now"],
  ])("%d ms", (past, long, short) => {
    expect(ago(NOW - past, NOW)).toBe(long);
    expect(since(NOW - past, NOW)).toBe(short);
  });
});

describe("a duration", () => {
  test.each([
    [12, "< 0.1 s"],
    [812, "0.8 s"],
    [13_600, "13.6 s"],
    [59_949, "59.9 s"],
    [59_960, "1 min 0 s"],
    [61_700, "1 min 2 s"],
    [3_599_600, "60 min 0 s"],
  ])("%d ms is %s", (ms, expected) => expect(duration(ms)).toBe(expected));
  test("a running one never goes below zero", () => expect(elapsed(-400)).toBe("0 s"));
});

test("counts have separators", () => expect(count(11_480)).toBe("11,480"));
test("99.96 % is not yet full", () => expect(percent(9_996)).toBe("99%"));
test("the month is the one that ends, not the one that begins", () => expect(monthEnding(new Date(2026, 11, 1).getTime())).toBe("November"));
test.each([[64, "64"], [8_192, "8,192"], [65_536, "66 k"], [200_000, "200 k"], [1_000_000, "1 M"], [1_048_576, "1.05 M"]])("%d tokens are %s", (n, expected) => expect(tokensShort(n)).toBe(expected));
test("a day has its year, and what is no day stays", () => {
  expect(fullDate("2026-10-30")).toBe("30 Oct 2026");
  expect(fullDate("soon")).toBe("soon");
  expect([dayOfYear("2026-10-30"), dayOfYear("soon")]).toEqual(["30 Oct", "soon"]);
});
