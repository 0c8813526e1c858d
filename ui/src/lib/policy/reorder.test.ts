import { expect, test } from "vitest";
import { landing } from "./reorder";

const boxes = [0, 40, 80, 120].map((top) => ({ top, bottom: top + 40 }));

test.each([
  [1, 60, 1], [1, 15, 0], [1, 25, 1], [1, 101, 2], [1, 999, 3], [3, -5, 0], [3, 61, 2], [3, 59, 1], [0, 0, 0],
])("item %i let go at %i lands at %i", (from, y, to) => expect(landing(boxes, from, y)).toBe(to));
