// Every state in both themes and both window sizes: axe finds nothing, nothing is cut off or scrolls sideways, the
// console is silent under the strict content policy. A picture of each is left in ui/screens for a person to look at.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { SCREENS, SIZES, stage, Window, type Size, type Stage } from "./stage";
import { STATES } from "./states";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const only = process.env.ONLY;

let on: Stage;
const windows = new Map<Size, Window>();

beforeAll(async () => {
  mkdirSync(SCREENS, { recursive: true });
  on = await stage();
  for (const size of Object.keys(SIZES) as Size[]) windows.set(size, await Window.open(on, size));
});
afterAll(() => on?.end());

describe.each(STATES.filter((state) => !only || state.name.startsWith(only)))("$name", (state) => {
  test.each(Object.keys(SIZES) as Size[])("%s", async (size) => {
    const window = windows.get(size)!;
    window.complaints.length = 0;
    await window.page.emulateMedia({ colorScheme: "light" });
    const page = await window.go(state.page, state.fixture);
    await state.prepare?.(page);
    await window.settled();
    for (const theme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: theme });
      await page.screenshot({ path: `${SCREENS}${state.name}-${size}-${theme}.png` });
      expect.soft(await faults(page), `axe, ${theme}`).toEqual([]);
    }
    expect.soft(await cutOff(page), "wider than its place").toEqual([]);
    expect.soft(window.complaints, "the console").toEqual([]);
  });
});

async function faults(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }> } }).axe;
    const { violations } = await axe.run();
    return violations.flatMap((v) => v.nodes.map((node) => `${v.id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ""}`));
  });
}

/** Boxes whose content is wider than they are; code and cells that end in … do so on purpose. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const boxes = document.querySelectorAll("html, .body, .head, .card, .panels, .panels > *, .sheet-body, .sheet-foot, .dialog, .notice, .side, .btn, .list > li");
    return [...boxes].filter((box) => box.clientWidth > 0 && box.scrollWidth > box.clientWidth + 1).map((box) => `${box.tagName}.${box.className} ${box.scrollWidth} > ${box.clientWidth}: ${box.textContent?.trim().slice(0, 60)}`);
  });
}
