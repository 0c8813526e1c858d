import { describe, expect, test } from "vitest";
import { moved, reveal, slice } from "./rows";

const box = (top: number) => ({ top, height: 510, head: 30, row: 48 });

describe("the rows that are drawn", () => {
  test("are those that are seen and a few more, whatever the length", () => {
    expect(slice(2_000, box(0))).toEqual({ first: 0, end: 18, above: 0, below: 1_982 * 48 });
    const middle = slice(2_000, box(48_000));
    expect(middle).toEqual({ first: 992, end: 1_018, above: 992 * 48, below: 982 * 48 });
    expect(slice(2_000, box(2_000 * 48 - 480)).end).toBe(2_000);
  });
  test("never leave a gap: room above, rows and room below are always the whole", () => {
    for (const count of [0, 1, 9, 10, 500, 2_000])
      for (let top = 0; top <= count * 48; top += 37) {
        const { first, end, above, below } = slice(count, box(top));
        expect(above + (end - first) * 48 + below, `${count} rows at ${top}`).toBe(count * 48);
        if (count > 0 && top <= count * 48 - 480) expect([first * 48 <= top, end * 48 >= Math.min(count * 48, top + 480)]).toEqual([true, true]);
      }
  });
  test("of a list that became shorter while it was scrolled far down are its last", () => {
    expect(slice(3, box(90_000))).toEqual({ first: 2, end: 3, above: 96, below: 0 });
    expect(slice(0, box(90_000))).toEqual({ first: 0, end: 0, above: 0, below: 0 });
  });
  test("are some before the box was measured", () => expect(slice(50, { top: 0, height: 0, head: 30, row: 48 }).end).toBe(8));
});

describe("a row is scrolled into view", () => {
  test.each([
    [5, 0, 0],
    [10, 0, 48],
    [9, 0, 0],
    [0, 480, 0],
    [1_999, 0, 2_000 * 48 - 480],
    [12, 600, 576],
  ])("row %d from %d", (at, top, expected) => expect(reveal(at, box(top))).toBe(expected));
});

describe("a key goes to a row", () => {
  test.each([
    ["ArrowDown", -1, 0],
    ["ArrowDown", 7, 8],
    ["ArrowDown", 99, 99],
    ["ArrowUp", 0, 0],
    ["PageDown", 0, 9],
    ["PageUp", 12, 3],
    ["PageUp", 4, 0],
    ["Home", 50, 0],
    ["End", 50, 99],
    ["a", 50, undefined],
  ])("%s from %d", (key, at, expected) => expect(moved(key, at, 100, box(0))).toBe(expected));
  test("and nowhere in an empty list", () => expect(moved("End", -1, 0, box(0))).toBeUndefined());
});
