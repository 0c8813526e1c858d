// What a person does on the Policy page, against the commands that are sent for it.

import { describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { button, calls, opened } from "./opened";

const window_ = opened();

const editor = (page: Page) => page.getByRole("textbox", { name: /routing.yaml as text/ });
const names = (page: Page) => page.locator("h3 button").allTextContents();
/** The text that the window holds, as the last look at it was asked. */
const looked = async (page: Page) => String((await calls(page, "policy_look")).at(-1)!.text);
const until = (page: Page, has: string) => page.waitForFunction((has) => String((window.fake.calls.findLast((call) => call.cmd === "policy_look")?.args as { text: string } | undefined)?.text).includes(has), has);
const disk = (page: Page) => page.evaluate(() => window.fake.state.policy.page.text);

async function write(page: Page, label: string, value: string): Promise<void> {
  await page.getByLabel(label, { exact: true }).fill(value);
  await page.keyboard.press("Enter");
}

async function edited(page: Page): Promise<void> {
  await button(page, "summarize").click();
  await write(page, "Longest answer", "1500");
  await page.getByText("1 changed line, active when saved.").waitFor();
}

async function theirs(page: Page, from: string, to: string): Promise<void> {
  await page.evaluate(([from, to]) => {
    const it = window.fake.state.policy.page;
    Object.assign(it, { text: it.text.replace(from!, to!), hash: "theirs" });
    window.fake.news("policy");
  }, [from, to]);
}

describe("form and text are one document", () => {
  test("a field of the form changes its line of the text, and undo takes both back", async () => {
    const page = await window_.go("policy");
    await edited(page);
    expect(await calls(page, "policy_edit")).toMatchObject([{ edits: [{ kind: "set", path: ["defaults", "summarize", "max_tokens"], value: { kind: "plain", text: "1500" } }] }]);
    await editor(page).getByText("max_tokens: 1500").waitFor();
    await page.keyboard.press("Control+z");
    await editor(page).getByText("max_tokens: 1200").waitFor();
    await page.locator("input[data-written='1200']").waitFor();
    expect(await page.getByLabel("Longest answer", { exact: true }).inputValue()).toBe("1200");
    await page.getByText("draft", { exact: true }).waitFor({ state: "detached" });
    await page.keyboard.press("Control+Shift+z");
    await editor(page).getByText("max_tokens: 1500").waitFor();
  });

  test("what is typed in the text is in the form after a pause, and one undo spans both", async () => {
    const page = await window_.go("policy");
    await button(page, "summarize").click();
    await editor(page).getByText("Long input, short answer").click();
    await page.keyboard.press("End");
    await page.keyboard.type(" now");
    await page.locator("input[data-written='Long input, short answer now']").waitFor();
    await write(page, "Longest answer", "1500");
    await until(page, "1500");
    await button(page, "Undo").click();
    await until(page, "max_tokens: 1200");
    expect(await looked(page)).toContain("short answer now");
    await button(page, "Undo").click();
    await page.getByText("draft", { exact: true }).waitFor({ state: "detached" });
  });

  test("a field that is being typed in undoes its own letters first", async () => {
    const page = await window_.go("policy");
    await edited(page);
    await page.getByLabel("What it is for", { exact: true }).pressSequentially("x");
    await page.keyboard.press("Control+z");
    expect(await looked(page)).toContain("max_tokens: 1500");
  });

  test("Alt+↓ moves a class with its lines, again and again, and the focus goes along", async () => {
    const page = await window_.go("policy");
    await button(page, "Move summarize").focus();
    await page.keyboard.press("Alt+ArrowDown");
    await page.getByText("summarize is now 2 of 3.").waitFor();
    await page.keyboard.press("Alt+ArrowDown");
    await page.getByText("summarize is now 3 of 3.").waitFor();
    expect(await names(page)).toEqual(["code_review", "translate", "summarize"]);
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Move summarize");
    expect(await calls(page, "policy_edit")).toMatchObject([{ edits: [{ kind: "move", path: ["defaults"], from: 1, to: 2 }] }, { edits: [{ kind: "move", path: ["defaults"], from: 2, to: 3 }] }]);
  });

  test("a card is dragged by its grip", async () => {
    const page = await window_.go("policy");
    const grip = (await button(page, "Move translate").boundingBox())!;
    const first = (await page.locator("#class-summarize").boundingBox())!;
    await page.mouse.move(grip.x + 8, grip.y + 8);
    await page.mouse.down();
    await page.mouse.move(grip.x + 8, first.y + 4, { steps: 5 });
    expect(await page.locator("#class-summarize").getAttribute("data-drop")).toBe("before");
    await page.mouse.up();
    await page.getByText("translate is now 1 of 3.").waitFor();
    expect(await names(page)).toEqual(["translate", "summarize", "code_review"]);
  });

  test("Alt+↑ in a fallback makes it the first choice", async () => {
    const page = await window_.go("policy");
    await button(page, "summarize").click();
    await page.getByRole("combobox", { name: "Fallback 1" }).focus();
    await page.keyboard.press("Alt+ArrowUp");
    await page.getByText("openai/gpt-6-mini is now choice 1 of 2.").waitFor();
    expect(await page.getByRole("combobox", { name: "First choice" }).inputValue()).toBe("openai/gpt-6-mini");
    expect(await looked(page)).toContain("- {provider: gemini, model: gemini-3-5-flash}");
  });

  test("a model is found by a few letters and taken with the arrows", async () => {
    const page = await window_.go("policy");
    await button(page, "translate").click();
    const field = page.getByRole("combobox", { name: "First choice" });
    await field.fill("opus");
    await page.keyboard.press("ArrowDown");
    expect(await page.locator("[role=option][aria-selected=true]").textContent()).toBe("anthropic/claude-opus-5-5");
    await page.keyboard.press("Enter");
    await until(page, "claude-opus-5-5");
    await page.getByRole("combobox", { name: "Add a fallback" }).fill("nonsense");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "is not a model" }).waitFor();
    await page.getByRole("combobox", { name: "Add a fallback" }).fill("ollama/");
    await page.getByRole("option", { name: "ollama/qwen4-coder:14b" }).click();
    await page.getByRole("combobox", { name: "Fallback 1" }).waitFor();
    expect(await calls(page, "policy_edit")).toMatchObject([{}, { edits: [{ kind: "insert", path: ["fallback", "translate"], at: 0 }] }]);
  });

  test("Ctrl+N adds a class, its menu removes it", async () => {
    const page = await window_.go("policy");
    await page.keyboard.press("Control+n");
    await page.getByLabel("Name", { exact: true }).fill("extract");
    await page.getByRole("combobox", { name: "Who answers" }).fill("gpt-6-nano");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await button(page, "Add").click();
    await button(page, "extract").waitFor();
    expect(await looked(page)).toContain("  extract:\n    provider: openai\n    model: gpt-6-nano\n    max_tokens: 2000\n");
    await write(page, "Name", "pull");
    await button(page, "pull").waitFor();
    await button(page, "More for pull").click();
    await page.getByRole("menuitem", { name: "Remove" }).click();
    await button(page, "pull").waitFor({ state: "detached" });
    expect(await looked(page)).toBe(await disk(page));
  });
});

describe("problems", () => {
  test("lead to their line and are mended by one button", async () => {
    const page = await window_.go("policy", "policy-errors");
    await page.getByRole("tab", { name: "Problems 1" }).waitFor();
    await button(page, "22:33, go there").click();
    await page.waitForFunction(() => {
      const host = [...document.querySelectorAll("main *")].find((one) => one.shadowRoot)!;
      const at = host.shadowRoot!.querySelector(".cm-error")?.getBoundingClientRect();
      return at && at.bottom < host.getBoundingClientRect().bottom;
    });
    await page.keyboard.type("X");
    await until(page, "{provider: openai, model: Xgpt-6-mni}");
    await page.keyboard.press("Control+z");
    await button(page, "Use gpt-6-mini").first().click();
    await page.getByText("No problem found.").waitFor();
    expect(await looked(page)).toContain("{provider: openai, model: gpt-6-mini}");
  });

  test("keep a text from being saved, and it is kept over a restart", async () => {
    const page = await window_.go("policy");
    await editor(page).getByText("claude-sonnet-5-5").click();
    await page.keyboard.press("Home");
    await page.keyboard.type("provider: x");
    await editor(page).getByText("mistral-medium-4").click();
    await page.keyboard.press("End");
    await page.keyboard.type("x");
    await page.getByText("Draft has 1 error.").waitFor();
    await page.keyboard.press("Control+s");
    await page.getByRole("dialog").getByText("The draft has 1 error and cannot be saved").waitFor();
    await button(page, "Save 2 changed lines").click({ force: true });
    expect(await calls(page, "policy_save")).toEqual([]);
    await page.waitForFunction(() => window.fake.calls.some((call) => call.cmd === "policy_keep"));
    expect((await calls(page, "policy_keep")).at(-1)!.text).toContain("mistral-medium-4x");
  });

  test("a text that was kept is offered again, and not written over before the answer", async () => {
    const page = await window_.go("policy", "policy-kept");
    await button(page, "Go on").click();
    await editor(page).getByText("max_tokens: 1500").waitFor();
    await button(page, "Undo").click();
    await editor(page).getByText("max_tokens: 1200").first().waitFor();
  });
});

describe("saving", () => {
  test("shows the change first, writes it on the file it was made from, and says what happened", async () => {
    const page = await window_.go("policy");
    const base = await page.evaluate(() => window.fake.state.policy.page.hash);
    await edited(page);
    await page.keyboard.press("Control+s");
    const sheet = page.getByRole("dialog", { name: "Save 1 changed line" });
    await sheet.getByText("max_tokens: 1500").waitFor();
    expect(await calls(page, "policy_save"), "only shown").toEqual([]);
    await page.keyboard.press("Enter");
    await page.getByText("Version 15 is active.").waitFor();
    await page.getByText("2 of 2 go where they should").waitFor();
    expect(await calls(page, "policy_save")).toMatchObject([{ base, author: "form" }]);
    await page.keyboard.press("Escape");
    await page.getByText("Running: version 15 (14:24).").waitFor();
    expect(await page.getByText("draft", { exact: true }).count()).toBe(0);
    await button(page, "Undo").click();
    await page.getByText("1 changed line, active when saved.").waitFor();
  });

  test("what allows more says so in plain words and waits without a yes", async () => {
    const page = await window_.go("policy");
    await page.evaluate(() => (window.fake.state.policy.yes = "no"));
    await editor(page).press("Control+End");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("End");
    for (let i = 0; i < 19; i++) await page.keyboard.press("ArrowLeft");
    await page.keyboard.type("0");
    await page.getByText("It allows more, so saving asks you.").waitFor();
    await page.keyboard.press("Control+s");
    await page.getByRole("dialog").getByText("The day cap for all calls rises from $5.00 to $50.00.").waitFor();
    await button(page, "Save 1 changed line").click();
    await page.getByText("It is saved and waits.").waitFor();
    expect((await calls(page, "policy_save"))[0]!.author).toBe("text");
    await button(page, "Done").click();
    await page.getByText("An edit that allows more waits for your yes.").waitFor();
    await button(page, "Activate").click();
    expect(await calls(page, "draft_activate")).toHaveLength(1);
  });
});

describe("another program's change", () => {
  test("without edits of one's own is simply there", async () => {
    const page = await window_.go("policy");
    await theirs(page, "max_tokens: 1200", "max_tokens: 900");
    await page.getByText("up to 900 tokens").waitFor();
    expect(await page.getByText("Changed on disk").count()).toBe(0);
  });

  test("is shown and merged; a place that both changed is marked and cannot be saved", async () => {
    const page = await window_.go("policy");
    await edited(page);
    await theirs(page, "max_tokens: 1200", "max_tokens: 900");
    await page.getByText("Changed on disk by another program").waitFor();
    await button(page, "Show diff").click();
    await page.getByRole("dialog").getByText("max_tokens: 900").waitFor();
    await page.keyboard.press("Escape");
    await button(page, "Merge").click();
    await page.getByText("1 place needs you").waitFor();
    await page.getByText(/Draft has 3 errors/).waitFor();
    expect((await calls(page, "policy_merge"))[0]).toMatchObject({ theirs: await disk(page) });
    for (const gone of ["<<<<<<< yours", "=======", "max_tokens: 900", ">>>>>>> routing.yaml"]) {
      await editor(page).getByText(gone).click();
      await page.keyboard.press("Control+Shift+k");
    }
    await page.getByText("1 changed line, active when saved.").waitFor();
    await page.keyboard.press("Control+s");
    await page.keyboard.press("Enter");
    await page.getByText("Version 15 is active.").waitFor();
    expect((await calls(page, "policy_save"))[0]!.base).toBe("theirs");
  });

  test("is taken, and undo brings the person's edits back", async () => {
    const page = await window_.go("policy");
    await edited(page);
    await theirs(page, "max_tokens: 1200", "max_tokens: 900");
    await button(page, "Take theirs").click();
    await editor(page).getByText("max_tokens: 900").waitFor();
    await page.getByText("draft", { exact: true }).waitFor({ state: "detached" });
    await button(page, "Undo").click();
    await editor(page).getByText("max_tokens: 1500").waitFor();
  });

  test("is overwritten only by a save after Keep mine", async () => {
    const page = await window_.go("policy");
    await edited(page);
    await theirs(page, "max_tokens: 1200", "max_tokens: 900");
    await button(page, "Keep mine").click();
    await page.keyboard.press("Control+s");
    await page.getByRole("dialog").getByText("max_tokens: 900").waitFor();
    await page.keyboard.press("Enter");
    await page.getByText("Version 15 is active.").waitFor();
    expect((await calls(page, "policy_save"))[0]!.base).toBe("theirs");
  });
});

describe("the checks", () => {
  test("a dry run asks with the draft and is saved as a test", async () => {
    const page = await window_.go("policy");
    await edited(page);
    await page.getByRole("tab", { name: "Dry run" }).click();
    await page.getByLabel("A prompt", { exact: true }).fill("Review this diff.");
    await page.getByLabel("Task class", { exact: true }).selectOption("code_review");
    await page.getByLabel("Client", { exact: true }).selectOption("cursor");
    await page.getByLabel("A prompt, as Cursor would send it").press("Control+Enter");
    await page.getByText("anthropic/claude-sonnet-5-5 would answer.").waitFor();
    expect((await calls(page, "dry_run"))[0]!.ask).toMatchObject({ class: "code_review", client: "cursor", images: 0, prompt: "Review this diff.", text: await looked(page) });
    await button(page, "Save as a test for anthropic/claude-sonnet-5-5").click();
    await page.getByText("Saved. It runs at each save.").waitFor();
    expect((await calls(page, "prompt_check_put"))[0]!.check).toMatchObject({ expects: "anthropic/claude-sonnet-5-5", ask: { text: null } });
    await page.getByRole("tab", { name: "Tests 3" }).click();
    await button(page, "Run on the draft").click();
    expect((await calls(page, "prompt_checks")).at(-1)).toEqual({ text: await looked(page) });
    await button(page, "defaults.code_review, line 10").or(page.getByRole("tab", { name: "Dry run" })).first().click();
    await button(page, "defaults.code_review, line 10").click();
    expect(await page.evaluate(() => document.activeElement?.shadowRoot !== null), "the cursor is in the text").toBe(true);
  });

  test("a version is shown as what restoring it would change, then restored", async () => {
    const page = await window_.go("policy");
    await page.getByRole("tab", { name: "History" }).click();
    await button(page, /another program/).click();
    await page.getByText("max_tokens: 800").waitFor();
    const [active, earlier] = await page.evaluate(() => window.fake.state.policy.versions.map((one) => one.hash));
    expect(await calls(page, "policy_diff")).toEqual([{ from: active, to: earlier }]);
    await button(page, "Restore").click();
    await page.getByText("The version is back in routing.yaml and active.").waitFor();
    await page.getByText("up to 800 tokens").waitFor();
    expect(await calls(page, "policy_restore")).toEqual([{ hash: earlier }]);
  });

  test("a file that is gone is restored from the version that rules", async () => {
    const page = await window_.go("policy", "policy-gone");
    const rules = await page.evaluate(() => window.fake.state.policy.page.running!.hash);
    await button(page, "Restore it").click();
    await page.getByText("routing.yaml is gone.").waitFor({ state: "detached" });
    expect(await calls(page, "policy_restore")).toEqual([{ hash: rules }]);
  });
});

describe("the keyboard", () => {
  test("Tab passes the text by, stays in it after an edit, and Esc gives it back", async () => {
    const page = await window_.go("policy");
    const inside = () => page.evaluate(() => document.activeElement?.shadowRoot !== null);
    await editor(page).focus();
    await page.keyboard.press("Tab");
    expect(await inside(), "not held before an edit").toBe(false);
    await editor(page).focus();
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await inside()).toBe(true);
    await until(page, "\n  # Which");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    expect(await inside()).toBe(false);
  });

  test("edits outlast a look at another page", async () => {
    const page = await window_.go("policy");
    await edited(page);
    await page.keyboard.press("Control+1");
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.locator(".nav a", { hasText: "Policy" }).click();
    await editor(page).getByText("max_tokens: 1500").waitFor();
    await button(page, "Undo").click();
    await editor(page).getByText("max_tokens: 1200").first().waitFor();
  });
});

test("a link leads to a line or to a class", async () => {
  const page = await window_.go("policy/30");
  await page.waitForFunction(() => document.activeElement?.shadowRoot?.querySelector(".cm-lineNumbers .cm-activeLineGutter")?.textContent === "30");
  await page.evaluate(() => (location.hash = "#/policy/translate"));
  await page.locator("#class-translate").getByLabel("Longest answer", { exact: true }).waitFor();
});

test("what Rust refuses to write is said, and the field shows what is written", async () => {
  const page = await window_.go("policy");
  await button(page, "summarize").click();
  await page.evaluate(() => (window.fake.state.deny.policy_edit = { code: "invalid_request", sentence: "This map is an alias. Edit it as text." }));
  await page.getByLabel("Longest answer", { exact: true }).fill("1500");
  await page.keyboard.press("Enter");
  await page.getByText("This map is an alias. Edit it as text.").waitFor();
  expect(await page.getByLabel("Longest answer", { exact: true }).inputValue()).toBe("1200");
  await page.getByLabel("Highest tier", { exact: true }).selectOption("L1");
  await page.waitForFunction(() => window.fake.calls.filter((call) => call.cmd === "policy_edit").length === 2);
  await window_.settled();
  expect(await page.getByLabel("Highest tier", { exact: true }).inputValue()).toBe("");
});

test("line ends of Windows stay", async () => {
  const page = await window_.go("policy");
  await page.evaluate(() => {
    const it = window.fake.state.policy.page;
    Object.assign(it, { text: it.text.replaceAll("\n", "\r\n"), hash: "crlf" });
    window.fake.news("policy");
  });
  await until(page, "\r\n");
  await editor(page).press("Control+Home");
  await page.keyboard.press("Enter");
  await until(page, "\r\n# Which");
  expect((await looked(page)).replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
});

test("on a small window only the page scrolls, never the window under its header", async () => {
  await window_.page.setViewportSize({ width: 720, height: 480 });
  const page = await window_.go("policy");
  await page.getByRole("tab", { name: "History" }).click();
  await button(page, /another program/).click();
  await page.getByText("max_tokens: 800").scrollIntoViewIfNeeded();
  expect(await page.evaluate(() => [document.documentElement.scrollHeight - innerHeight, document.body.scrollTop])).toEqual([0, 0]);
  expect(await page.evaluate(() => document.querySelector(".head")!.getBoundingClientRect().top)).toBe(0);
});
