import { expect, test } from "vitest";
import type { RequestDetail } from "../bindings.gen";
import { en } from "../i18n/en";
import adjusted from "../backend/written/request-adjusted.json";
import denied from "../backend/written/request-denied.json";
import fallback from "../backend/written/request-fallback.json";
import kept from "../backend/written/request-kept.json";
import local from "../backend/written/request-local.json";
import mended from "../backend/written/request-mended.json";
import running from "../backend/written/request-running.json";
import { speak } from "./i18n";
import { way } from "./way";

speak(en, "en-GB");
const drawn = (file: { now: number; answer: unknown }) => way(file.answer as RequestDetail, file.now);
const shape = (file: { now: number; answer: unknown }) => drawn(file).map((row) => `${row.node} ${row.lane} ${row.onward}`);

test("a model that is given up ends in its lane and the next begins beside it", () =>
  expect(shape(fallback)).toEqual(["start 0 same", "open 0 same", "failed 0 same", "failed 0 same", "failed 0 switch", "open 1 same", "done 1 none"]));
test("a cap that leaves only this machine gives the first choice up before it is asked", () =>
  expect(shape(local)).toEqual(["start 0 same", "open 0 switch", "open 1 same", "done 1 none"]));
test("a refusal is a dead end", () => expect(shape(denied)).toEqual(["start 0 same", "stop 0 none"]));
test("what still runs has no end", () => expect(shape(running)).toEqual(["start 0 same", "open 0 same", "busy 0 none"]));
test("an answer from the cache ends at once", () => expect(shape(kept)).toEqual(["start 0 same", "done 0 none"]));
test("a correction comes after the end", () => {
  expect(shape(adjusted).slice(-2)).toEqual(["done 0 later", "note 0 none"]);
  expect(drawn(adjusted).at(-1)!.amount).toMatch(/^\+\$/);
});
test("the provider's words are told once, and each wait", () => {
  const [, , first, again, last] = drawn(fallback).map((row) => row.lines.map((line) => line.text).join(" "));
  expect(first).toContain("“Rate limit reached");
  expect(first).toContain("Next try after 0.4 s.");
  expect(again).toBe("The same again (429). Next try after 0.9 s.");
  expect(last).toBe("The same again (429). Told to wait 1 min 30 s. Too long for this call.");
});
test("the second try at an answer in JSON says what it is", () => expect(drawn(mended).map((row) => row.title)).toContain("Asked to mend its answer"));
test("the cap that stops a call is told with what it lacks", () => {
  const stop = drawn(denied).at(-1)!.lines.filter((line) => line.tone === "stop");
  expect(stop.map((line) => line.text)).toEqual(["Day cap of $0.0001 for the task class translate: $0.0001 left, $0.0021 needed. It stops the call."]);
});
test.each(Object.entries({ adjusted, denied, fallback, kept, local, mended, running }))("every word of %s is in the catalogue", (_, file) => {
  const text = drawn(file).flatMap((row) => [row.title, row.time, ...row.lines.map((line) => line.text)]).join(" ");
  expect(text).not.toMatch(/\{\w+\}|undefined|NaN|\bnull\b/);
});
