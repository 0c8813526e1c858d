// Every state in both themes, in one size: axe finds nothing, nothing is cut off or scrolls sideways, the console is silent
// under the strict content policy. A picture of each is left in ui/screens for a person to look at. Each size has a file of
// its own, so that two run at once.

import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cutOff, faults } from "./look";
import { SCREENS, stage, Window, type Size, type Stage } from "./stage";
import { STATES } from "./states";

const only = process.env.ONLY;

/** A test of each state. */
export function looks(size: Size): void {
  let on: Stage;
  let window: Window;
  beforeAll(async () => {
    mkdirSync(SCREENS, { recursive: true });
    on = await stage();
    window = await Window.open(on, size);
  });
  afterAll(() => on?.end());

  describe(size, () => {
    test.each(STATES.filter((state) => !only || state.name.startsWith(only)))("$name", async (state) => {
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
}
