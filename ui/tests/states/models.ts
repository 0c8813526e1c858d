// The states of the Models page.

import type { Page } from "playwright-core";
import type { State } from "../states";

/** The list is there, and so is what is asked for after it. */
const ready = async (page: Page) => {
  await page.waitForSelector("[role=grid]");
  await page.waitForFunction(() => window.fake.owed === 0);
};
const narrow = (page: Page) => (page.viewportSize()?.width ?? 0) < 900;
/** Chooses a model; in a narrow window that opens its sheet. */
const choose = async (page: Page, id: string) => {
  await ready(page);
  await page.evaluate((id) => (location.hash = `#/models/${encodeURIComponent(id)}`), id);
  await page.getByLabel("Description", { exact: true }).waitFor();
  await ready(page);
};

const SONNET = "anthropic/claude-sonnet-5-5";

export const modelsStates: State[] = [
  { name: "models", page: "models", fixture: "busy", prepare: ready },
  { name: "models-card", page: "models", fixture: "busy", prepare: (page) => choose(page, SONNET) },
  {
    name: "models-preview", page: "models", fixture: "busy",
    async prepare(page) {
      await choose(page, SONNET);
      await page.getByLabel("Description", { exact: true }).fill("Careful review of Rust.");
      await page.getByText("Not saved yet").waitFor();
      await page.getByText("What Claude will read").click();
    },
  },
  {
    name: "models-over", page: "models", fixture: "busy",
    async prepare(page) {
      await choose(page, SONNET);
      await page.getByLabel("Description", { exact: true }).fill("word ".repeat(250));
      await page.getByText("left out").waitFor();
    },
  },
  {
    name: "models-price", page: "models", fixture: "busy",
    async prepare(page) {
      await choose(page, SONNET);
      await page.getByRole("button", { name: "Change", exact: true }).click();
      await page.getByLabel("In", { exact: true }).fill("1e3");
      await page.getByText("must be an amount").waitFor();
    },
  },
  { name: "models-unpriced", page: "models", fixture: "busy", prepare: (page) => choose(page, "openai/gpt-7-preview") },
  { name: "models-addable", page: "models", fixture: "busy", prepare: (page) => choose(page, "anthropic/claude-opus-5-5") },
  { name: "models-off", page: "models", fixture: "busy", prepare: (page) => choose(page, "openai/gpt-5-mini") },
  { name: "models-keyless", page: "models", fixture: "busy", prepare: (page) => choose(page, "xai/grok-4.7") },
  { name: "models-two", page: "models", fixture: "busy", prepare: (page) => choose(page, "openrouter/anthropic/claude-opus-4.6-fast") },
  { name: "models-reckoned", page: "models", fixture: "reckoned", prepare: (page) => choose(page, "openai/gpt-6-sol") },
  {
    name: "models-waits", page: "models", fixture: "waits",
    async prepare(page) {
      await choose(page, SONNET);
      await page.getByLabel("Description", { exact: true }).fill("Careful review of Rust.");
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.getByText("The edit still waits.").waitFor();
    },
  },
  {
    name: "models-try", page: "models", fixture: "busy",
    async prepare(page) {
      await choose(page, SONNET);
      await page.getByRole("button", { name: "Try", exact: true }).click();
      await page.getByText("≈").waitFor();
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText("to first token", { exact: false }).last().waitFor();
      await page.getByLabel("Prompt").scrollIntoViewIfNeeded();
    },
  },
  {
    name: "models-refresh-failed", page: "models", fixture: "busy",
    async prepare(page) {
      await ready(page);
      await page.getByRole("button", { name: "Refresh" }).click();
      await page.getByText("Last refresh failed").waitFor();
    },
  },
  {
    name: "models-all", page: "models", fixture: "busy",
    async prepare(page) {
      await ready(page);
      await page.getByText("All", { exact: true }).click();
      await page.getByRole("button", { name: "In, out" }).click();
      if (!narrow(page)) await ready(page);
    },
  },
  {
    name: "models-crowded", page: "models", fixture: "crowded",
    async prepare(page) {
      await ready(page);
      await page.getByRole("grid").evaluate((grid) => (grid.scrollTop = 40_000));
    },
  },
  {
    name: "models-nothing", page: "models", fixture: "busy",
    async prepare(page) {
      await ready(page);
      await page.getByLabel("Filter models").fill("zzz");
      await page.getByText("No model matches").waitFor();
    },
  },
  { name: "models-empty", page: "models", fixture: "empty", prepare: (page) => page.getByText("Add a key to see what you can use").waitFor() },
  { name: "models-down", page: "models", fixture: "down", prepare: (page) => page.getByRole("alert").first().waitFor() },
  { name: "models-slow", page: "models", fixture: "slow", prepare: (page) => page.waitForSelector(".skel") },
];
