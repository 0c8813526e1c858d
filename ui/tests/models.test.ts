// What a person does on the Models page, against the commands that are sent for it.

import { describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import looks from "../src/backend/written/model-look.json";
import { button, calls, opened } from "./opened";

const window_ = opened();

const SONNET = "anthropic/claude-sonnet-5-5";
const grid = (page: Page) => page.getByRole("grid");
const description = (page: Page) => page.getByLabel("Description", { exact: true });
const chosen = (page: Page) => page.locator("[role=row][aria-selected=true]").getAttribute("id");

async function go(fixture = "busy"): Promise<Page> {
  const page = await window_.go("models", fixture);
  await grid(page).waitFor();
  return page;
}

async function choose(page: Page, id: string): Promise<void> {
  await page.evaluate((id) => (location.hash = `#/models/${encodeURIComponent(id)}`), id);
  await page.locator(`h2[title="${id}"], dialog`).waitFor();
  await description(page).waitFor();
}

describe("the words for the calling AI", () => {
  test("are written by the edits that Rust made of them, and the preview says them before", async () => {
    const page = await go();
    await choose(page, SONNET);
    await page.getByText("What Claude will read").click();
    const text = page.getByRole("group", { name: "What Claude will read" });
    await text.getByText("Careful code review and multi-file changes.").waitFor();
    await description(page).fill("Careful review of Rust.");
    await text.getByText(`- ${SONNET}: Careful review of Rust. Use for: concurrency`).waitFor();
    expect(await calls(page, "policy_apply"), "nothing is written while it is typed").toEqual([]);
    await button(page, "Save").click();
    await page.getByText("Saved. It acts from now on.").waitFor();
    const { look } = looks.answer.find((one) => one.form.description === "Careful review of Rust.")!;
    expect(look.edits).toEqual([{ kind: "set", path: ["models", SONNET, "description"], value: { kind: "text", text: "Careful review of Rust." } }]);
    expect(await calls(page, "policy_apply")).toEqual([{ edits: look.edits }]);
    expect(await page.getByText("Not saved yet").count()).toBe(0);
  });

  test("stay typed while another model is shown, and Undo takes them back", async () => {
    const page = await go();
    await choose(page, SONNET);
    const before = await description(page).inputValue();
    await description(page).fill("Half a thought");
    await choose(page, "openai/gpt-6-sol");
    expect(await description(page).inputValue()).toBe("");
    await page.getByRole("row", { name: /claude-sonnet-5-5 not saved/ }).waitFor();
    await choose(page, SONNET);
    expect(await description(page).inputValue()).toBe("Half a thought");
    await button(page, "Undo").click();
    expect(await description(page).inputValue()).toBe(before);
    expect(await calls(page, "policy_apply")).toEqual([]);
  });

  test("are saved by Ctrl+S", async () => {
    const page = await go();
    await choose(page, SONNET);
    await description(page).fill("Careful review of Rust.");
    await page.keyboard.press("Control+s");
    await page.getByText("Saved. It acts from now on.").waitFor();
    expect(await calls(page, "policy_apply")).toHaveLength(1);
  });

  test("that take more than all models may say how many are left out", async () => {
    const page = await go();
    await choose(page, SONNET);
    await page.getByText(/^\d+ of 300 tokens$/).waitFor();
    await description(page).fill("word ".repeat(250));
    await page.getByText(/fit and (is|are) left out/).waitFor();
  });

  test("are kept where the file was changed meanwhile, with the reason", async () => {
    const page = await go();
    await page.evaluate(() => (window.fake.state.models.saved = { state: "moved", sentence: "routing.yaml was changed by another program.", hash: "", theirs: "x", checks: [] }));
    await choose(page, SONNET);
    await description(page).fill("Careful review of Rust.");
    await button(page, "Save").click();
    await page.getByRole("alert").getByText("routing.yaml was changed by another program.").waitFor();
    expect(await description(page).inputValue()).toBe("Careful review of Rust.");
  });
});

describe("a price", () => {
  test("is set for a model without one, as one edit", async () => {
    const page = await go();
    await choose(page, "openai/gpt-7-preview");
    await page.getByText("No price known. Calls are blocked by your caps.").waitFor();
    await button(page, "Set a price").click();
    expect(await page.evaluate(() => document.activeElement?.id), "the first field").toBe("price-input");
    await page.keyboard.type("3");
    await page.getByLabel("Out", { exact: true }).fill("15");
    await button(page, "Save").click();
    await page.getByText("Saved. It acts from now on.").waitFor();
    const entry = (key: string, text: string) => ({ key, value: { kind: "plain", text } });
    const value = { kind: "map", entries: [entry("input", "3"), entry("output", "15")] };
    expect(await calls(page, "policy_apply")).toEqual([{ edits: [{ kind: "set", path: ["models", "openai/gpt-7-preview", "price"], value }] }]);
  });

  test("that is no amount is told at its field and cannot be saved", async () => {
    const page = await go();
    await choose(page, SONNET);
    await button(page, "Change").click();
    await page.getByLabel("In", { exact: true }).fill("1e3");
    await page.getByText("The price must be an amount in US dollars such as 2 or 0.50.").waitFor();
    expect(await button(page, "Save").isDisabled()).toBe(true);
    await page.keyboard.press("Control+s");
    await page.getByRole("alert").waitFor();
    expect(await calls(page, "policy_apply")).toEqual([]);
  });

  test("that was corrected offers to reckon this month's calls anew", async () => {
    const page = await go("reckoned");
    await choose(page, SONNET);
    await page.getByText("3 calls of this month were reckoned at another price.").waitFor();
    await button(page, "Reckon anew…").click();
    await page.getByText("3 calls now cost $0.0123 more.").waitFor();
    expect(await calls(page, "model_reprice")).toEqual([{ id: SONNET }]);
    await button(page, "Reckon anew…").waitFor({ state: "detached" });
  });
});

test("a model is added to routing.yaml, and switched off, by one edit each", async () => {
  const page = await go();
  await choose(page, "anthropic/claude-opus-5-5");
  await button(page, "Add it to routing.yaml").click();
  await page.getByText("Saved. It acts from now on.").waitFor();
  await choose(page, SONNET);
  await page.getByRole("switch", { name: "Enabled" }).click();
  await page.waitForFunction(() => window.fake.calls.filter((call) => call.cmd === "policy_apply").length === 2);
  const enabled = (id: string, text: string) => ({ edits: [{ kind: "set", path: ["models", id, "enabled"], value: { kind: "plain", text } }] });
  expect(await calls(page, "policy_apply")).toEqual([enabled("anthropic/claude-opus-5-5", "true"), enabled(SONNET, "false")]);
});

describe("a trial", () => {
  test("says what it would cost, then what it did", async () => {
    const page = await go();
    await choose(page, SONNET);
    await button(page, "Try").click();
    await page.getByText(/^≈ \$0\.\d+, at most \$0\.\d+$/).waitFor();
    expect(await calls(page, "model_try"), "nothing is sent by opening it").toEqual([]);
    await page.getByLabel("Prompt").fill("Say hello.");
    await page.getByText(/^≈/).waitFor();
    await button(page, "Send").click();
    await page.getByRole("group", { name: "Answer" }).getByText("I read long texts and keep to what they say.").waitFor();
    expect(await calls(page, "model_try")).toContainEqual({ id: SONNET, prompt: "Say hello." });
  });

  test("that may not be made says why and sends nothing", async () => {
    const page = await go();
    await page.evaluate(() => (window.fake.state.models.trial.outlook = { likely: null, worst: null, why_not: "The day cap of $5.00 is reached." }));
    await choose(page, SONNET);
    await button(page, "Try").click();
    await page.getByText("The day cap of $5.00 is reached.").waitFor();
    expect(await button(page, "Send").isDisabled()).toBe(true);
  });

  test("that fails shows the sentence and its code", async () => {
    const page = await go();
    await page.evaluate(() => (window.fake.state.models.trial.answer = window.fake.state.models.trial.refused));
    await choose(page, SONNET);
    await button(page, "Try").click();
    await page.getByText(/^≈/).waitFor();
    await button(page, "Send").click();
    await page.getByRole("alert").getByText("unpriced").waitFor();
  });

  test("is offered only for a model that can be called", async () => {
    const page = await go();
    await choose(page, "xai/grok-4.7");
    expect(await button(page, "Try").isDisabled()).toBe(true);
  });
});

describe("the list", () => {
  test("of 2,000 draws what is in sight, and says how long it is", async () => {
    const page = await go("crowded");
    await page.getByText("All", { exact: true }).click();
    await window_.settled();
    expect(await grid(page).getAttribute("aria-rowcount")).toBe("2001");
    expect(await page.getByRole("row").count()).toBeLessThan(40);
    await grid(page).evaluate((grid) => (grid.scrollTop = 48_000));
    await page.locator("[aria-rowindex='1002']").waitFor();
    expect(await page.getByRole("row").count()).toBeLessThan(50);
  });

  test("is walked with the keyboard, and what is chosen is in sight", async () => {
    const page = await go("crowded");
    await page.getByText("All", { exact: true }).click();
    await window_.settled();
    await grid(page).focus();
    const first = await chosen(page);
    const inSight = () => page.evaluate(() => {
      const row = document.querySelector("[role=row][aria-selected=true]")!.getBoundingClientRect();
      const box = document.querySelector("[role=grid]")!.getBoundingClientRect();
      return row.top >= box.top + 30 && row.bottom <= box.bottom + 1;
    });
    await page.keyboard.press("ArrowDown");
    const second = await chosen(page);
    expect(second).not.toBe(first);
    expect(await grid(page).getAttribute("aria-activedescendant")).toBe(second);
    await page.keyboard.press("ArrowUp");
    expect(await chosen(page)).toBe(first);
    for (const [key, index] of [["End", "2001"], ["PageUp", undefined], ["Home", "2"], ["PageDown", undefined]] as const) {
      await page.keyboard.press(key);
      await window_.settled();
      if (index) expect(await page.locator("[role=row][aria-selected=true]").getAttribute("aria-rowindex"), key).toBe(index);
      expect(await inSight(), key).toBe(true);
    }
  });

  test("is narrowed by words, by what a model can, by price and by context, without asking anybody", async () => {
    const page = await go();
    const rows = async () => Number(await grid(page).getAttribute("aria-rowcount")) - 1;
    const all = await rows();
    await page.keyboard.press("/");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("model-filter");
    await page.keyboard.type("openai gpt-6-sol");
    await window_.settled();
    const some = await rows();
    expect(some).toBeLessThan(all);
    await page.getByLabel("Price of output").selectOption({ label: "Up to $2 out" });
    await page.getByText("No model matches").waitFor();
    await button(page, "Clear the filters").click();
    await window_.settled();
    expect(await rows()).toBe(all);
    await page.getByLabel("What it can do").selectOption({ label: "Reasons" });
    await page.getByLabel("Context", { exact: true }).and(page.locator("select")).selectOption({ label: "From 1,000,000" });
    await window_.settled();
    expect(await rows()).toBeLessThan(all);
    expect(await calls(page, "models"), "asked once").toHaveLength(1);
  });

  test("is sorted by a column, then the other way, then as it came", async () => {
    const page = await go();
    const first = () => page.locator("[aria-rowindex='2']").getAttribute("id");
    const came = await first();
    const sort = button(page, "In, out");
    await sort.click();
    expect(await page.getByRole("columnheader", { name: "In, out" }).getAttribute("aria-sort")).toBe("ascending");
    expect(await first()).toBe("m-ollama/qwen4:14b");
    await sort.click();
    expect(await first()).not.toBe("m-ollama/qwen4:14b");
    await sort.click();
    expect(await first()).toBe(came);
  });

  test("says on the page what came of a refresh, and asks again", async () => {
    const page = await go();
    await button(page, "Refresh").click();
    await page.getByText(/^Prices from 30 Oct 2026\. Last refresh failed: The list of/).waitFor();
    expect(await grid(page).isVisible(), "and works on").toBe(true);
    await button(page, "Try again").click();
    await window_.settled();
    expect(await calls(page, "models_refresh")).toHaveLength(2);
  });

  test("opens all about a model as a sheet where there is no room beside it", async () => {
    await window_.again("small");
    const page = await go();
    expect(await description(page).count()).toBe(0);
    await grid(page).focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByLabel("Description", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("grid");
  });

  test("of an install without a key leads to Keys, and can be looked at all the same", async () => {
    const page = await window_.go("models", "empty");
    await page.getByText("Add a key to see what you can use").waitFor();
    await button(page, "Show all models").click();
    await grid(page).waitFor();
    await choose(page, SONNET);
    await page.getByRole("link", { name: "Open Keys" }).waitFor();
  });
});
