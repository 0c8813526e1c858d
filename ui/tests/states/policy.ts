// The states of the Policy page.

import type { Page } from "playwright-core";
import type { State } from "../states";

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name, exact: typeof name === "string" });
const tab = (page: Page, name: string) => page.getByRole("tab", { name }).click();
const edited = (page: Page) => page.getByText(/changed lines?/).waitFor();

/** On a narrow window the form or the text is behind a tab. */
async function side(page: Page, name: "Form" | "Text"): Promise<void> {
  const tab = page.getByRole("tab", { name });
  if (await tab.isVisible()) await tab.click();
}

async function field(page: Page, of: string, label: string, value: string): Promise<void> {
  await button(page, of).click();
  await page.getByLabel(label, { exact: true }).fill(value);
  await page.keyboard.press("Enter");
  await edited(page);
}

/** The person's edit, then another program's. */
async function moved(page: Page): Promise<void> {
  await field(page, "summarize", "Longest answer", "1500");
  await page.evaluate(() => {
    const it = window.fake.state.policy.page;
    Object.assign(it, { text: it.text.replace("max_tokens: 1200", "max_tokens: 900"), hash: "theirs" });
    window.fake.news("policy");
  });
  await page.getByText("Changed on disk by another program").waitFor();
}

async function explain(page: Page): Promise<void> {
  await tab(page, "Dry run");
  await page.getByLabel("A prompt", { exact: true }).fill("Review this diff for data races in settle(): it reads the hold, releases the lock and then writes.");
  await page.getByLabel("Task class", { exact: true }).selectOption("code_review");
  await button(page, "Explain").click();
  await page.getByText("Nothing was sent.").waitFor();
}

export const policyStates: State[] = [
  { name: "policy", page: "policy", fixture: "busy" },
  { name: "policy-text", page: "policy", fixture: "busy", prepare: (page) => side(page, "Text") },
  { name: "policy-class", page: "policy", fixture: "busy", prepare: (page) => button(page, "code_review").click() },
  { name: "policy-models", page: "policy", fixture: "busy", async prepare(page) {
    await button(page, "code_review").click();
    await page.getByRole("combobox", { name: "First choice" }).fill("gpt");
    await page.getByRole("option", { name: "openai/gpt-6-mini" }).waitFor();
  } },
  { name: "policy-edited", page: "policy", fixture: "busy", prepare: (page) => field(page, "summarize", "Longest answer", "1500") },
  { name: "policy-new", page: "policy", fixture: "busy", async prepare(page) {
    await button(page, "New class").click();
    await page.getByLabel("Name", { exact: true }).fill("summarize");
    await button(page, "Add").click({ force: true });
    await page.getByText("summarize is taken.").waitFor();
  } },
  { name: "policy-menu", page: "policy", fixture: "busy", prepare: (page) => button(page, "More for code_review").click() },
  { name: "policy-many", page: "policy", fixture: "policy-many" },
  { name: "policy-errors", page: "policy", fixture: "policy-errors" },
  { name: "policy-errors-text", page: "policy", fixture: "policy-errors", prepare: (page) => button(page, "Go to line").click() },
  { name: "policy-broken", page: "policy", fixture: "policy-broken" },
  { name: "policy-gone", page: "policy", fixture: "policy-gone" },
  { name: "policy-unreadable", page: "policy", fixture: "policy-unreadable" },
  { name: "policy-empty", page: "policy", fixture: "policy-empty" },
  { name: "policy-waiting", page: "policy", fixture: "policy-waiting" },
  { name: "policy-waiting-diff", page: "policy", fixture: "policy-waiting", prepare: (page) => button(page, "Show the edit").click() },
  { name: "policy-kept", page: "policy", fixture: "policy-kept" },
  { name: "policy-save", page: "policy", fixture: "busy", async prepare(page) {
    await field(page, "summarize", "Longest answer", "1500");
    await page.keyboard.press("Control+s");
  } },
  { name: "policy-save-widens", page: "policy", fixture: "busy", async prepare(page) {
    await page.evaluate(() => (window.fake.state.policy.yes = "no"));
    await side(page, "Text");
    await page.getByRole("textbox", { name: /routing.yaml as text/ }).click();
    await page.keyboard.press("Control+End");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("End");
    for (let i = 0; i < 19; i++) await page.keyboard.press("ArrowLeft");
    await page.keyboard.type("0");
    await page.getByText("saving asks you").waitFor();
    await button(page, "Review and save").click();
  } },
  { name: "policy-saved", page: "policy", fixture: "policy-red", async prepare(page) {
    await field(page, "summarize", "Longest answer", "1500");
    await page.keyboard.press("Control+s");
    await button(page, "Save 1 changed line").click();
    await page.getByText("Version 15 is active.").waitFor();
  } },
  { name: "policy-save-readonly", page: "policy", fixture: "policy-readonly", async prepare(page) {
    await field(page, "summarize", "Longest answer", "1500");
    await page.keyboard.press("Control+s");
    await button(page, "Save 1 changed line").click();
    await page.getByText("it is read-only").waitFor();
  } },
  { name: "policy-moved", page: "policy", fixture: "busy", prepare: moved },
  { name: "policy-moved-diff", page: "policy", fixture: "busy", async prepare(page) {
    await moved(page);
    await button(page, "Show diff").click();
    await page.getByRole("dialog").getByText("max_tokens").first().waitFor();
  } },
  { name: "policy-conflict", page: "policy", fixture: "busy", async prepare(page) {
    await moved(page);
    await button(page, "Merge").click();
    await page.getByText("1 place needs you").waitFor();
    await page.getByText(/Draft has/).waitFor();
  } },
  { name: "policy-dry", page: "policy", fixture: "busy", prepare: explain },
  { name: "policy-dry-tall", page: "policy", fixture: "busy", async prepare(page) {
    await explain(page);
    const more = button(page, "Make room for the checks");
    if (await more.isVisible()) await more.click();
  } },
  { name: "policy-dry-refused", page: "policy", fixture: "policy-refused", prepare: explain },
  { name: "policy-tests", page: "policy", fixture: "policy-red", prepare: (page) => tab(page, "Tests") },
  { name: "policy-tests-none", page: "policy", fixture: "busy", async prepare(page) {
    await tab(page, "Tests");
    await button(page, /^Delete the test/).first().click();
    await button(page, /^Delete the test/).first().click();
    await page.getByText("No prompt is saved.").waitFor();
  } },
  { name: "policy-history", page: "policy", fixture: "busy", async prepare(page) {
    await tab(page, "History");
    await button(page, /another program/).click();
    await page.getByText("What restoring it would change").first().waitFor();
  } },
  { name: "policy-search", page: "policy", fixture: "busy", async prepare(page) {
    await side(page, "Text");
    await page.getByRole("textbox", { name: /routing.yaml as text/ }).click();
    await page.keyboard.press("Control+f");
    await page.keyboard.type("gpt");
  } },
  ...["", "-broken", "-gone", "-empty", "-waiting"].map((which): State => ({ name: `policy-real${which}`, page: "policy", fixture: `policy-real${which}` })),
  ...["-edited", "-errors"].map((which): State => ({ name: `policy-real${which}`, page: "policy", fixture: `policy-real${which}`, prepare: async (page) => {
    await button(page, "Go on").click();
    await page.getByText(/changed lines?|Draft has 3 errors/).first().waitFor();
  } })),
  { name: "policy-real-save", page: "policy", fixture: "policy-real-edited", prepare: async (page) => {
    await button(page, "Go on").click();
    await page.getByText(/changed lines?/).first().waitFor();
    await page.keyboard.press("Control+s");
  } },
  { name: "policy-real-class", page: "policy", fixture: "policy-real", prepare: (page) => button(page, "summarize").click() },
  ...["", "-refused"].map((which): State => ({ name: `policy-real-dry${which}`, page: "policy", fixture: `policy-real${which}`, prepare: async (page) => {
    await explain(page);
    const more = button(page, "Make room for the checks");
    if (await more.isVisible()) await more.click();
  } })),
  { name: "policy-real-tests", page: "policy", fixture: "policy-real", prepare: (page) => tab(page, "Tests") },
  { name: "policy-real-history", page: "policy", fixture: "policy-real", async prepare(page) {
    await tab(page, "History");
    await button(page, /you, as text/).click();
    await page.getByText("What restoring it would change").first().waitFor();
  } },
  { name: "policy-down", page: "policy", fixture: "policy-down" },
  { name: "policy-slow", page: "policy", fixture: "slow", prepare: (page) => page.waitForSelector(".skel") },
];
