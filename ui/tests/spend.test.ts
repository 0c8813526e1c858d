// What a person does on the Spend page, against the commands that are sent for it.

import { describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { button, calls, opened } from "./opened";

const window_ = opened();

const cap = (page: Page, name: RegExp) => page.getByRole("article", { name });
const drawn = (page: Page) => page.locator(".uplot canvas").waitFor();
async function menu(page: Page, name: RegExp, item: string) {
  await cap(page, name).getByRole("button", { name: /^More for/ }).click();
  await page.getByRole("menuitem", { name: item }).click();
}
const MONTH = { kind: "month" };

describe("a cap", () => {
  test("is edited by its identity, and amounts go out as they were typed", async () => {
    const page = await window_.go("spend");
    await menu(page, /Week, plan_change/, "Edit…");
    const dialog = page.getByRole("dialog", { name: "Edit the cap" });
    await dialog.getByLabel("At most").fill("$3.50");
    await dialog.getByLabel("Tell me at").fill("60, 90");
    await button(page, "Save").click();
    await page.getByText("The cap is saved.").waitFor();
    const form = { scope: "task_class", name: "plan_change", window: "week", limit: "$3.50", on_hit: "block", alerts: "60, 90" };
    expect(await calls(page, "cap_put")).toEqual([{ identity: "task_class:plan_change:week:2200000:block", cap: form }]);
    expect(await dialog.count()).toBe(0);
  });

  test("that is new names no other, and a choice of scope empties the name", async () => {
    const page = await window_.go("spend");
    await button(page, "New cap").click();
    await page.getByLabel("At most").fill("2");
    await page.getByLabel("Counts", { exact: true }).selectOption("client");
    await page.getByLabel("Which", { exact: true }).selectOption("claude-desktop");
    await page.getByLabel("Counts", { exact: true }).selectOption("project");
    await page.getByLabel("Which", { exact: true }).fill("site");
    await page.keyboard.press("Enter");
    await page.getByText("The cap is saved.").waitFor();
    expect(await calls(page, "cap_put")).toEqual([{ identity: null, cap: { scope: "project", name: "site", window: "day", limit: "2", on_hit: "block", alerts: "50, 80, 100" } }]);
  });

  test("with a fault stays open, and the field says what to write", async () => {
    const page = await window_.go("spend");
    await menu(page, /Day, everything/, "Edit…");
    await page.getByLabel("At most").fill("five");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("such as 2 or 0.50").waitFor();
    expect(await page.evaluate(() => document.activeElement?.id.endsWith("-limit"))).toBe(true);
    expect(await page.getByLabel("At most").inputValue(), "what was typed is not lost").toBe("five");
  });

  test("that waits for the person says so and stays as it is", async () => {
    const page = await window_.go("spend");
    await page.evaluate(() => {
      const state = window.fake.state;
      state.commands = { ...state.commands, cap_remove: () => ({ faults: [], saved: { state: "waits", sentence: "Nothing changed. The edit still waits.", hash: "", theirs: null, checks: [] } }) };
    });
    await menu(page, /November, everything/, "Remove…");
    expect(await calls(page, "cap_remove"), "nothing before the button").toEqual([]);
    await button(page, "Remove the cap").click();
    await page.getByText("Nothing changed. The edit still waits.").waitFor();
    expect(await calls(page, "cap_remove")).toEqual([{ identity: "all::month:20000000:block" }]);
    expect(await page.getByRole("dialog").count()).toBe(1);
  });

  test("is raised for one account by an amount as typed", async () => {
    const page = await window_.go("spend");
    await cap(page, /Week, plan_change/).getByRole("button", { name: "Raise once" }).click();
    await page.getByLabel("By how much").fill("0.75");
    await page.getByRole("dialog").getByRole("button", { name: "Raise once", exact: true }).click();
    await page.getByText("$1.00 more until the day ends.").waitFor();
    expect(await calls(page, "cap_raise")).toEqual([{ identity: "task_class:plan_change:week:2200000:block", account: "plan_change", amount: "0.75" }]);
  });

  test("that is reached can be raised from the banner, and a no of the person changes nothing", async () => {
    const page = await window_.go("spend", "spend-reached");
    await page.getByText("It refused 2 calls.").waitFor();
    await page.evaluate(() => {
      const state = window.fake.state;
      state.commands = { ...state.commands, cap_raise: () => ({ done: false, sentence: "Nothing changed. The cap was not raised." }) };
    });
    await button(page, "Raise once by $1.00").click();
    await page.getByText("Nothing changed. The cap was not raised.").waitFor();
    expect(await calls(page, "cap_raise")).toEqual([{ identity: "all::day:1000000:block", account: "", amount: "1" }]);
    await button(page, "Switch to local only").click();
    await page.getByText("The cap is saved.").waitFor();
    expect(await calls(page, "cap_put")).toMatchObject([{ identity: "all::day:1000000:block", cap: { on_hit: "local_only", limit: "1" } }]);
  });

  test("is opened by a link to its identity, also where it is folded away", async () => {
    const page = await window_.go(`spend/${encodeURIComponent("task_class:plan_change:week:2200000:block")}`);
    await page.waitForFunction(() => document.activeElement?.id === "cap-task_class:plan_change:week:2200000:block-plan_change");
    expect(await cap(page, /^Each call/).count(), "the last ones are folded away").toBe(0);
    await window_.go(`spend/${encodeURIComponent("all::call:750000:block-")}`);
    await page.waitForFunction(() => document.activeElement?.id === "cap-all::call:750000:block-");
  });
});

describe("the bars", () => {
  test("are asked for by period and group, and shown as a table", async () => {
    const page = await window_.go("spend");
    await drawn(page);
    const image = page.getByRole("img", { name: /^November 2026 by day, by model\. \$8\.82 in all, most in 17 November with \$0\.69\. Likely \$11 to \$15/ });
    expect(await image.count()).toBe(1);
    await page.getByLabel("Group by").selectOption("client");
    await page.getByText("no client", { exact: true }).waitFor();
    await page.getByLabel("Period").selectOption("today");
    await page.getByText("Today by hour").waitFor();
    expect(await calls(page, "spend")).toEqual([{ period: MONTH, by: "model" }, { period: MONTH, by: "client" }, { period: { kind: "today" }, by: "client" }]);
    await page.getByLabel("Period").selectOption("month");
    await page.getByLabel("Group by").selectOption("model");
    await button(page, "View as table").click();
    const total = page.getByRole("row", { name: /^Total/ }).first();
    expect(await total.textContent()).toContain("$8.82");
    expect(await page.locator(".uplot").count(), "one or the other").toBe(0);
    const today = page.getByRole("row", { name: /^21 Nov/ });
    expect(await today.getByRole("cell").last().textContent()).toBe("$0.51");
    expect(await page.getByRole("row", { name: /^22 Nov/ }).count(), "no day that is to come").toBe(0);
  });

  test("of days of one's own are asked for once both are chosen", async () => {
    const page = await window_.go("spend");
    await page.getByLabel("Period").selectOption("between");
    expect((await calls(page, "spend")).length, "nothing before Show").toBe(1);
    await page.getByLabel("From").fill("2026-11-03");
    await page.getByLabel("To", { exact: true }).fill("2026-11-09");
    await button(page, "Show").click();
    await window_.settled();
    expect((await calls(page, "spend")).at(-1)).toEqual({ period: { kind: "between", from: "2026-11-03", to: "2026-11-09" }, by: "model" });
    await page.waitForFunction(() => window.fake.calls.some((call) => call.cmd === "ledger" && JSON.stringify(call.args).includes('"2026-11-03"')));
  });

  test("say over which bar the pointer is", async () => {
    const page = await window_.go("spend");
    await drawn(page);
    await page.locator(".uplot").scrollIntoViewIfNeeded();
    const box = (await page.locator(".u-over").boundingBox())!;
    await page.mouse.move(box.x + box.width * (20.5 / 30), box.y + 60);
    await page.locator(".tip").getByText("21 November").waitFor();
    await page.locator(".tip").getByText("$0.51").waitFor();
    await page.mouse.move(box.x + 10, box.y - 80);
    await page.locator(".tip").waitFor({ state: "detached" });
  });
});

test("the same tokens at another model are marked hypothetical and say what is left out", async () => {
  const page = await window_.go("spend");
  await page.getByText("hypothetical").waitFor();
  expect(await page.getByLabel("Same tokens at").inputValue(), "the one most was spent on").toBe("anthropic/claude-opus-5");
  await page.getByText("1 call whose tokens nobody counted is left out").waitFor();
  await page.getByLabel("Same tokens at").selectOption("openai/gpt-6");
  await window_.settled();
  expect((await calls(page, "spend_compare")).at(-1)).toEqual({ period: MONTH, model: "openai/gpt-6" });
  await page.evaluate(() => void (window.fake.state.deny.spend_compare = { code: "unpriced", sentence: "Nobody says what xai/grok-5-fast costs." }));
  await page.getByLabel("Same tokens at").selectOption("xai/grok-5-fast");
  await page.getByText("Nobody says what xai/grok-5-fast costs.").waitFor();
  expect(await page.getByText("hypothetical").count(), "no figure of another model stays").toBe(0);
});

describe("the ledger", () => {
  test("is filtered by Rust, and its sums are those of all that fits", async () => {
    const page = await window_.go("spend");
    await page.getByRole("rowheader", { name: /Sum of 150 rows/ }).waitFor();
    await page.getByLabel("Charge", { exact: true }).selectOption("assumed");
    await page.getByRole("rowheader", { name: /Sum of 1 row/ }).waitFor();
    expect((await calls(page, "ledger")).at(-1)).toEqual({ filter: { period: MONTH, text: "", client: null, model: null, class: null, mark: "assumed" }, after: null });
    await page.getByText("assumed, connection broke").waitFor();
    await page.getByLabel("Filter the ledger").fill("zzz");
    await page.getByText("No row matches").waitFor();
    await button(page, "Clear the filter").click();
    await page.getByRole("rowheader", { name: /Sum of 150 rows/ }).waitFor();
  });

  test("goes on where the last page ended, and news does not lose the older rows", async () => {
    const page = await window_.go("spend", "spend-paged");
    await page.getByRole("rowheader", { name: /Sum of/ }).waitFor();
    const rows = () => page.locator("tbody tr").filter({ has: page.getByRole("button", { name: /^Details/ }) }).count();
    expect(await rows()).toBe(40);
    await button(page, "Show older rows").click();
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length > 100);
    expect((await calls(page, "ledger")).at(-1)).toMatchObject({ after: "1-1" });
    const all = await rows();
    await page.evaluate(() => window.fake.news("request"));
    await window_.settled();
    expect(await rows()).toBe(all);
    expect(await button(page, "Show older rows").count()).toBe(0);
  });

  test("is written to a file of the filtered rows, and says where", async () => {
    const page = await window_.go("spend");
    await page.getByLabel("Client", { exact: true }).selectOption("claude-code");
    await window_.settled();
    await button(page, "Export").click();
    await page.getByRole("menuitem", { name: /^JSON/ }).click();
    await page.getByRole("status").filter({ hasText: "2026-11-30.json" }).waitFor();
    expect(await calls(page, "ledger_export")).toEqual([{ filter: { period: MONTH, text: "", client: "claude-code", model: null, class: null, mark: null }, format: "json" }]);
  });

  test("shows the request, the price and the failure of a row", async () => {
    const page = await window_.go("spend");
    const row = page.locator("tbody tr").filter({ hasText: "assumed, connection broke" });
    await row.getByRole("button").click();
    await page.getByText("network", { exact: true }).waitFor();
    await page.getByText(/^routing\.yaml line \d+$/).waitFor();
    await page.getByText(/^r-\w{33}$/).waitFor();
  });
});

test("before the first call there is no chart and no figure made up", async () => {
  const page = await window_.go("spend", "spend-empty");
  await page.getByText("Your first request will appear here").waitFor();
  expect(await page.locator(".uplot").count()).toBe(0);
  expect(await cap(page, /Day, everything/).count(), "the caps are there").toBe(1);
});
