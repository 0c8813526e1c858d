// The states of the Activity page's detail, from what Rust wrote down of a day of real calls.

import type { Page } from "playwright-core";
import type { State } from "../states";

/** Opens a request by its class and state as they stand in its row. */
const open = (cls: string, state: string) => async (page: Page) => {
  await page.locator("tr[data-id]").filter({ hasText: cls }).filter({ hasText: state }).first().click();
  await page.getByText("The text was not stored.").waitFor();
};

const of = (name: string, cls: string, state: string): State => ({ name: `activity-${name}`, page: "activity", fixture: "day", prepare: open(cls, state) });

export const activityStates: State[] = [
  { name: "activity-day", page: "activity", fixture: "day" },
  of("answered", "code_review", "Answered"),
  of("fallback", "summarize", "Fallback"),
  of("denied", "translate", "Refused"),
  of("failed", "second_opinion", "Failed"),
  of("running", "code_review", "Running"),
  of("kept", "extract_json", "From cache"),
  of("adjusted", "plan_change", "Answered"),
  of("mended", "chat", "Answered"),
  of("local", "draft_reply", "Fallback"),
  of("long", "summarize_the_whole", "Fallback"),
  of("cancelled", "code_review", "Cancelled"),
  of("interrupted", "code_review", "Interrupted"),
  {
    name: "activity-assumed", page: "activity", fixture: "day",
    async prepare(page) {
      await page.locator("tr[data-id]").filter({ hasText: "summarize" }).filter({ hasText: "Fallback" }).last().click();
      await page.getByText("of it is assumed").waitFor();
    },
  },
  { name: "activity-unknown", page: "activity", fixture: "busy", prepare: async (page) => {
    await page.locator("tr[data-id]").nth(1).click();
    await page.getByText("This request is not in the ledger.").waitFor();
  } },
  { name: "activity-older", page: "activity", fixture: "many", prepare: async (page) => {
    await page.getByRole("button", { name: "Show older" }).click();
    await page.waitForFunction(() => document.querySelectorAll("tr[data-id]").length === 400);
    await page.getByRole("button", { name: "Show older" }).scrollIntoViewIfNeeded();
  } },
];
