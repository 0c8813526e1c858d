// What every picture of a window is looked at for.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds. */
export async function faults(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }> } }).axe;
    const { violations } = await axe.run();
    return violations.flatMap((v) => v.nodes.map((node) => `${v.id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ""}`));
  });
}

const BOXES = "html, .body, .head, .card, .panels, .panels > *, .sheet-body, .sheet-foot, .dialog, .notice, .side, .btn, .list > li";

/** Boxes whose content is wider than they are; code and cells that end in … do so on purpose. */
export function cutOff(page: Page, boxes = BOXES): Promise<string[]> {
  return page.evaluate((boxes) => {
    return [...document.querySelectorAll(boxes)].filter((box) => box.clientWidth > 0 && box.scrollWidth > box.clientWidth + 1).map((box) => `${box.tagName}.${box.className} ${box.scrollWidth} > ${box.clientWidth}: ${box.textContent?.trim().slice(0, 60)}`);
  }, boxes);
}
