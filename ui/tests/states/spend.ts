// The states of the Spend page. Its chart is loaded when it is first shown, so each waits for that.

import type { Page } from "playwright-core";
import type { State } from "../states";

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name, exact: typeof name === "string" });
const drawn = (page: Page) => page.locator(".uplot canvas").waitFor();
const cap = (page: Page, name: RegExp) => page.getByRole("article", { name });
async function menu(page: Page, name: RegExp, item: string) {
  await drawn(page);
  await cap(page, name).getByRole("button", { name: /^More for/ }).click();
  await page.getByRole("menuitem", { name: item }).click();
}
const ledger = (page: Page) => page.getByRole("heading", { name: "Ledger" }).scrollIntoViewIfNeeded();
const atLedger = async (page: Page) => {
  await drawn(page);
  await page.evaluate(() => document.getElementById("ledger")?.scrollIntoView());
};

export const spendStates: State[] = [
  { name: "spend", page: "spend", fixture: "busy", prepare: drawn },
  { name: "spend-ledger", page: "spend", fixture: "busy", prepare: atLedger },
  { name: "spend-today", page: "spend", fixture: "busy", prepare: async (page) => {
    await page.getByLabel("Period").selectOption("today");
    await drawn(page);
  } },
  { name: "spend-client", page: "spend", fixture: "busy", prepare: async (page) => {
    await page.getByLabel("Group by").selectOption("client");
    await page.getByText("November 2026 by day").waitFor();
    await drawn(page);
  } },
  { name: "spend-between", page: "spend", fixture: "busy", prepare: async (page) => {
    await page.getByLabel("Period").selectOption("between");
    await drawn(page);
  } },
  { name: "spend-table", page: "spend", fixture: "busy", prepare: async (page) => {
    await button(page, "View as table").click();
    await page.getByRole("region", { name: /by model/ }).scrollIntoViewIfNeeded();
  } },
  { name: "spend-hover", page: "spend", fixture: "busy", prepare: async (page) => {
    await drawn(page);
    await page.locator(".uplot").scrollIntoViewIfNeeded();
    const box = (await page.locator(".u-over").boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.55, box.y + box.height / 2);
    await page.locator(".tip").waitFor();
  } },
  { name: "spend-empty", page: "spend", fixture: "spend-empty" },
  { name: "spend-capless", page: "spend", fixture: "spend-capless", prepare: drawn },
  { name: "spend-reached", page: "spend", fixture: "spend-reached", prepare: drawn },
  { name: "spend-raised", page: "spend", fixture: "spend-raised", prepare: drawn },
  { name: "spend-ruleless", page: "spend", fixture: "spend-ruleless", prepare: drawn },
  { name: "spend-long", page: "spend", fixture: "spend-long", prepare: drawn },
  { name: "spend-long-ledger", page: "spend", fixture: "spend-long", prepare: atLedger },
  { name: "spend-down", page: "spend", fixture: "down" },
  { name: "spend-slow", page: "spend", fixture: "slow", prepare: (page) => page.waitForSelector(".skel") },
  { name: "spend-new", page: "spend", fixture: "busy", prepare: async (page) => {
    await drawn(page);
    await button(page, "New cap").click();
  } },
  { name: "spend-edit", page: "spend", fixture: "busy", prepare: (page) => menu(page, /Week, plan_change/, "Edit…") },
  { name: "spend-invalid", page: "spend", fixture: "busy", prepare: async (page) => {
    await menu(page, /Day, everything/, "Edit…");
    await page.getByLabel("At most").fill("five");
    await button(page, "Save").click();
    await page.getByRole("alert").waitFor();
  } },
  { name: "spend-remove", page: "spend", fixture: "busy", prepare: (page) => menu(page, /November, everything/, "Remove…") },
  { name: "spend-raise", page: "spend", fixture: "busy", prepare: (page) => menu(page, /Week, plan_change/, "Raise once…") },
  { name: "spend-menu", page: "spend", fixture: "busy", prepare: async (page) => {
    await drawn(page);
    await cap(page, /Day, everything/).getByRole("button", { name: /^More for/ }).click();
  } },
  { name: "spend-hypothetical", page: "spend", fixture: "busy", prepare: async (page) => {
    await drawn(page);
    await page.getByLabel("Same tokens at").selectOption("openai/gpt-6");
    await page.getByText("hypothetical").scrollIntoViewIfNeeded();
  } },
  { name: "spend-how", page: "spend", fixture: "busy", prepare: async (page) => {
    await drawn(page);
    await page.getByLabel("Same tokens at").selectOption("openai/gpt-6");
    await page.getByText("hypothetical").waitFor();
    await button(page, "How").click();
  } },
  { name: "spend-exported", page: "spend", fixture: "busy", prepare: async (page) => {
    await atLedger(page);
    await button(page, "Export").click();
    await page.getByRole("menuitem", { name: /^CSV/ }).click();
    await page.getByText("Wrote 150 rows").waitFor();
  } },
  { name: "spend-details", page: "spend", fixture: "busy", prepare: async (page) => {
    await atLedger(page);
    await button(page, /^Details of the row/).nth(3).click();
    await ledger(page);
  } },
  { name: "spend-nothing", page: "spend", fixture: "busy", prepare: async (page) => {
    await atLedger(page);
    await page.getByLabel("Filter the ledger").fill("zzz");
    await page.getByText("No row matches").waitFor();
  } },
  { name: "spend-paged", page: "spend", fixture: "spend-paged", prepare: async (page) => {
    await drawn(page);
    await button(page, "Show older rows").scrollIntoViewIfNeeded();
  } },
];
