// What a person does on Activity: looks at a request in depth, goes on to the next, asks for older ones.

import { describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { calls, opened } from "./opened";

const window_ = opened();

const rows = (page: Page) => page.locator("tr[data-id]");
const row = (page: Page, cls: string, state: string) => rows(page).filter({ hasText: cls }).filter({ hasText: state }).first();
const panel = (page: Page) => page.getByRole("region", { name: /^The request / });
const count = (page: Page, rows: number) => page.waitForFunction((rows) => document.querySelectorAll("tr[data-id]").length === rows, rows);

describe("a request", () => {
  test("opens by a click and says the way it went, what it cost and why", async () => {
    const page = await window_.go("activity", "day");
    expect(await panel(page).count()).toBe(0);
    await row(page, "summarize", "Fallback").click();
    const text = panel(page);
    for (const words of ["deepseek-v4: rate limited", "Next try after 0.4 s.", "Told to wait 1 min 30 s. Too long for this call.", "Fallback to gpt-6-mini", "Answered and settled", "defaults.summarize", "version 1", "routing.yaml line 22", "3,790 in, 398 out", "The text was not stored. Storing is off."]) {
      await text.getByText(words).first().waitFor();
    }
    expect(await row(page, "summarize", "Fallback").getAttribute("aria-selected")).toBe("true");
    const id = await row(page, "summarize", "Fallback").getAttribute("data-id");
    expect(await calls(page, "request")).toEqual([{ id }]);
  });

  test("is reached, opened, left and gone on from by the keyboard alone", async () => {
    const page = await window_.go("activity", "day");
    const at = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.id);
    const ids = await rows(page).evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.id));
    expect(await page.locator("tr[data-id][tabindex='0']").count(), "one stop for Tab").toBe(1);
    await page.getByLabel("State").focus();
    await page.keyboard.press("Tab");
    expect(await at()).toBe(ids[0]);
    await page.keyboard.press("ArrowDown");
    expect(await at()).toBe(ids[1]);
    expect(await panel(page).count(), "looking over rows opens nothing").toBe(0);
    await page.keyboard.press("Enter");
    await panel(page).getByText("Asked gpt-6").waitFor();
    await page.keyboard.press("ArrowDown");
    await panel(page).getByText("Fallback to gpt-6-mini").waitFor();
    expect(await at()).toBe(ids[2]);
    await page.keyboard.press("ArrowUp");
    await panel(page).getByText("Asked gpt-6").waitFor();
    await page.keyboard.press("End");
    expect(await at()).toBe(ids.at(-1));
    await page.keyboard.press("Escape");
    expect(await panel(page).count()).toBe(0);
    expect(await at(), "and the focus stays").toBe(ids.at(-1));
  });

  test("that runs goes on before one's eyes", async () => {
    const page = await window_.go("activity", "day");
    await row(page, "code_review", "Running").click();
    await panel(page).getByText("Sent. Waiting for its answer.").waitFor();
    expect(await panel(page).getByText("Held now").count()).toBe(1);
    await page.evaluate(() => {
      const { state } = window.fake;
      const done = state.requests.find((one) => one.row.state === "answered" && one.row.class === "code_review")!;
      const running = state.requests.find((one) => one.row.state === "running")!;
      const row = { ...done.row, id: running.row.id };
      Object.assign(running, structuredClone(done), { row });
      state.activity.rows[0] = row;
      window.fake.news("request");
    });
    await panel(page).getByText("Answered and settled").waitFor();
    await panel(page).getByText("Held at most").waitFor();
    expect(await panel(page).getByText("Waiting for its answer").count()).toBe(0);
  });

  test("stays open where a filter leaves it out, and closes by its button back to the list", async () => {
    const page = await window_.go("activity", "day");
    await row(page, "translate", "Refused").click();
    await panel(page).getByText("Day cap of $0.0001 for the task class translate: $0.0001 left").waitFor();
    await page.getByLabel("Filter requests").fill("plan_change");
    await count(page, 1);
    await panel(page).getByText("Refused, nothing was sent").waitFor();
    await page.getByLabel("Filter requests").fill("");
    await row(page, "translate", "Refused").waitFor();
    await page.getByRole("button", { name: "Close the request" }).click();
    expect(await panel(page).count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain("translate");
  });

  test("gives its id away", async () => {
    const page = await window_.go("activity", "day");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await row(page, "plan_change", "Answered").click();
    await page.getByRole("button", { name: "Copy the request id" }).click();
    await page.getByText("The request id is copied.").waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await row(page, "plan_change", "Answered").getAttribute("data-id"));
  });

  test("opens in a sheet where there is little room, and Esc goes back to its row", async () => {
    await window_.page.setViewportSize({ width: 720, height: 480 });
    const page = await window_.go("activity", "day");
    await row(page, "summarize", "Fallback").click();
    await page.getByRole("dialog", { name: "summarize" }).getByText("Fallback to gpt-6-mini").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain("summarize");
  });

  test("is opened by its address", async () => {
    const page = await window_.go("activity", "day");
    const id = await row(page, "draft_reply", "Fallback").getAttribute("data-id");
    await page.evaluate((id) => (location.hash = `#/activity/${id}`), id);
    await panel(page).getByText("qwen4-coder:14b of this machine instead").waitFor();
  });

  test("offers only pages that are there", async () => {
    const page = await window_.go("activity", "day");
    await row(page, "summarize", "Fallback").click();
    await panel(page).getByText("The text was not stored.").waitFor();
    const targets = await panel(page).getByRole("link").evaluateAll((all) => all.map((one) => one.getAttribute("href")!.split("/")[1]));
    const known = await page.locator("nav a").evaluateAll((all) => all.map((one) => one.getAttribute("href")!.split("/")[1]));
    expect(targets.filter((one) => !known.includes(one))).toEqual([]);
    expect(["policy", "spend"].filter((one) => known.includes(one))).toEqual(targets);
  });
});

describe("older requests", () => {
  test("follow page by page, each once, until all are there", async () => {
    const page = await window_.go("activity", "many");
    await count(page, 200);
    await page.getByRole("button", { name: "Show older" }).click();
    await count(page, 400);
    await page.getByRole("button", { name: "Show older" }).click();
    await count(page, 430);
    await page.getByText("That is all that is kept.").waitFor();
    const ids = await rows(page).evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.id));
    expect(new Set(ids).size).toBe(430);
    const asked = (await calls(page, "activity")) as { before: string | null }[];
    expect(asked.filter((one) => one.before !== null).length).toBe(2);
  });

  test("lose none that newer ones push out of the first page", async () => {
    const page = await window_.go("activity", "many");
    await page.getByRole("button", { name: "Show older" }).click();
    await count(page, 400);
    await page.evaluate(() => {
      const { activity } = window.fake.state;
      const fresh = Array.from({ length: 5 }, (_, i) => ({ ...activity.rows[0]!, id: `fresh-${i}`, at_ms: activity.rows[0]!.at_ms + 1_000 * (i + 1) }));
      activity.rows = [...fresh.reverse(), ...activity.rows];
      window.fake.news("request");
    });
    await count(page, 405);
    expect(await rows(page).first().getAttribute("data-id")).toBe("fresh-4");
  });

  test("begin anew with another filter", async () => {
    const page = await window_.go("activity", "many");
    await page.getByRole("button", { name: "Show older" }).click();
    await count(page, 400);
    await page.getByLabel("Filter requests").fill("translate");
    await page.waitForFunction(() => [...document.querySelectorAll("tr[data-id]")].every((one) => one.textContent!.includes("translate")));
    expect(await page.getByRole("button", { name: "Show older" }).count()).toBe(0);
    expect(await rows(page).count()).toBeLessThan(200);
  });

  test("that cannot be fetched are said to be so, and asked for again", async () => {
    const page = await window_.go("activity", "many");
    await count(page, 200);
    await page.evaluate(() => (window.fake.state.deny.activity = { code: "ledger_unavailable", sentence: "The ledger cannot be read." }));
    await page.getByRole("button", { name: "Show older" }).click();
    await page.getByRole("alert").getByText("The ledger cannot be read.").waitFor();
    await page.evaluate(() => delete window.fake.state.deny.activity);
    await page.getByRole("button", { name: "Try again" }).click();
    await count(page, 400);
  });
});
