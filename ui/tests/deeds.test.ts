// What a person does on the pages, against the commands that are sent for it.

import { describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { button, calls, focused, opened } from "./opened";

const window_ = opened();


describe("a pasted key", () => {
  const KEY = "sk-proj-canary-7f3a9c";
  const traces = (page: Page) =>
    page.evaluate((key) => [document.documentElement.outerHTML, ...[...document.querySelectorAll("input")].map((one) => one.value), location.href, JSON.stringify(localStorage), JSON.stringify(sessionStorage)].filter((text) => text.includes(key)).length, KEY);

  test("is hidden while typed, sent once, and nowhere in the page after", async () => {
    const page = await window_.go("keys");
    await page.evaluate(() => (window.fake.state.delay = 300));
    const field = page.locator("input[type=password]");
    await field.fill(`  ${KEY} `);
    await page.getByText("This looks like a key from OpenAI. It is sent to api.openai.com and nowhere else.").waitFor();
    await page.keyboard.press("Enter");
    expect(await field.inputValue(), "emptied when it is sent, not when it is answered").toBe("");
    expect(await traces(page), "while the provider is asked").toBe(0);
    await page.getByText("The OpenAI key works with 24 models").waitFor();
    expect(await calls(page, "key_add")).toEqual([{ provider: "openai", secret: KEY }]);
    expect(await traces(page)).toBe(0);
  });

  test("is sent to nobody the person did not name", async () => {
    const page = await window_.go("keys");
    await page.locator("input[type=password]").fill("sk-canary");
    await page.getByText("Which provider is this key from? It begins like one from DeepSeek or OpenAI.").waitFor();
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.tagName), "the question").toBe("SELECT");
    await button(page, "Check and store").click({ force: true });
    expect(await calls(page, "key_add")).toEqual([]);
    await page.getByLabel("Provider", { exact: true }).selectOption("deepseek");
    await page.locator("input[type=password]").press("End");
    await page.keyboard.type("x");
    await button(page, "Check and store").click();
    await page.getByText("The DeepSeek key works").waitFor();
    expect(await calls(page, "key_add")).toEqual([{ provider: "deepseek", secret: "sk-canaryx" }]);
  });

  test.each([
    ["sk-ant-api03-1", "Anthropic", "api.anthropic.com"],
    ["sk-or-v1-1", "OpenRouter", "openrouter.ai"],
    ["gsk_1", "Groq", "api.groq.com"],
    ["xai-1", "xAI", "api.x.ai"],
    ["AIzaSy1", "Google Gemini", "generativelanguage.googleapis.com"],
  ])("%s is known by how it begins", async (key, title, origin) => {
    const page = await window_.go("keys");
    await page.locator("input[type=password]").fill(key);
    await page.getByText(`This looks like a key from ${title}. It is sent to ${origin} and nowhere else.`).waitFor();
  });

  test("for a provider without an address waits until it has one, and says how", async () => {
    const page = await window_.go("keys");
    await page.locator("input[type=password]").fill("0123456789abcdef");
    await page.getByText("Which provider is this key from?", { exact: true }).waitFor();
    await page.getByLabel("Provider", { exact: true }).selectOption({ label: "Azure OpenAI" });
    await page.getByRole("status").filter({ hasText: "providers.azure-openai.base_url" }).waitFor();
    await page.locator("input[type=password]").press("Enter");
    await button(page, "Check and store").click({ force: true });
    expect(await calls(page, "key_add"), "it has no place to go to").toEqual([]);
    expect(await page.locator("input[type=password]").inputValue(), "and is not lost").toBe("0123456789abcdef");
    await button(page, "Open routing.yaml").click();
    expect(await calls(page, "policy_open")).toEqual([{}]);
  });

  test("that is refused leaves the sentence beside the field", async () => {
    const page = await window_.go("keys");
    await page.locator("input[type=password]").fill("sk-proj-bad");
    await button(page, "Check and store").click();
    expect(await page.getByRole("alert").textContent()).toContain("OpenAI refused the key (401). It was not stored.");
  });

  test("can replace another in a dialog that stays open when the new one is refused", async () => {
    const page = await window_.go("keys", "problems");
    await button(page, "Replace").click();
    const dialog = page.getByRole("dialog", { name: "Replace the DeepSeek key" });
    await page.keyboard.type("sk-bad");
    await page.keyboard.press("Enter");
    await dialog.getByRole("alert").waitFor();
    await dialog.getByLabel("New key").fill("sk-good");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    expect(await calls(page, "key_add")).toEqual([{ provider: "deepseek", secret: "sk-bad" }, { provider: "deepseek", secret: "sk-good" }]);
  });
});

test("a locked keychain is asked to unlock once, by the button", async () => {
  const page = await window_.go("keys", "locked");
  expect(await calls(page, "keychain_unlock")).toEqual([]);
  await button(page, "Unlock").click();
  await page.getByLabel("Provider", { exact: true }).waitFor();
  expect(await calls(page, "keychain_unlock")).toEqual([{}]);
});

test.each(["keys", "overview"] as const)("%s says why a keychain stayed locked", async (where) => {
  const page = await window_.go(where, "locked");
  const sentence = "The keychain is still locked: its password was not entered.";
  await page.evaluate((sentence) => (window.fake.state.commands.keychain_unlock = () => ({ state: "locked", name: "GNOME Keyring", sentence })), sentence);
  await button(page, "Unlock").click();
  await page.getByRole("alert").getByText(sentence).waitFor();
  expect(await calls(page, "keychain_unlock")).toEqual([{}]);
});

test("without a ledger Overview says so and makes up no number", async () => {
  const page = await window_.go("overview", "ledgerless");
  await page.getByText("The ledger cannot be used", { exact: true }).waitFor();
  const shown = (await page.locator("main").textContent()) ?? "";
  expect(shown).not.toMatch(/no cap set|\$|first request|0 requests/i);
});

describe("Connect", () => {
  const sheet = (page: Page) => page.getByRole("dialog");

  test("writes what was shown, tests it and waits for the hello that really came", async () => {
    const page = await window_.go("clients", "fresh");
    await button(page, "Connect").click();
    await sheet(page).getByText("Nothing has been written yet.").waitFor();
    expect(await calls(page, "connect_apply")).toEqual([]);
    await sheet(page).getByRole("button", { name: "Connect", exact: true }).click();
    await sheet(page).getByText("said hello and listed its tools in 41 ms").waitFor();
    expect(await calls(page, "connect_apply")).toEqual([{ client: "claude-desktop", hash: "9f2c41d0", name: "pointsman" }]);
    expect(await sheet(page).getByText("It can use Pointsman now").count(), "no hello, no claim").toBe(0);
    await page.evaluate(() => {
      Object.assign(window.fake.state.clients.clients[0]!, { state: "connected", hello_ms: Date.now() });
      window.fake.news("client");
    });
    await sheet(page).getByText("Claude Desktop said hello. It can use Pointsman now.").waitFor();
    await button(page, "Done").click();
    await page.getByText("Connected", { exact: true }).waitFor();
  });

  test("speaks of a backup only where there was a file", async () => {
    for (const [fixture, backups] of [["fresh", 1], ["fileless", 0]] as const) {
      const page = await window_.go("clients", fixture);
      await button(page, "Connect").click();
      await sheet(page).getByText("Write the entry, then read it back").waitFor();
      expect(await sheet(page).getByText("Back the file up").count(), `${fixture}: promised`).toBe(backups);
      await sheet(page).getByRole("button", { name: "Connect", exact: true }).click();
      await sheet(page).getByText("said hello and listed its tools").waitFor();
      expect(await sheet(page).getByText("Backed up", { exact: true }).count(), `${fixture}: on the sheet`).toBe(backups);
      await button(page, "Done").click();
      await page.getByText("Waiting for Claude Desktop to say hello").waitFor();
      expect(await page.getByText("Backed up", { exact: true }).count(), `${fixture}: on the card`).toBe(backups);
    }
  });

  test("closes a running client first, and opens it again", async () => {
    const page = await window_.go("clients", "running");
    await button(page, "Connect").click();
    await button(page, "Close and connect").click();
    await sheet(page).getByText("said hello and listed its tools").waitFor();
    const order = await page.evaluate(() => window.fake.calls.map((call) => call.cmd).filter((cmd) => /^(client_|connect_)/.test(cmd)));
    expect(order).toEqual(["connect_plan", "client_close", "connect_plan", "connect_apply", "client_open", "client_test"]);
  });

  test("shows the change again where closing changed the file", async () => {
    const page = await window_.go("clients", "running");
    await button(page, "Connect").click();
    await button(page, "Close and connect").waitFor();
    await page.evaluate(() => {
      const state = window.fake.state;
      const close = state.commands.client_close;
      state.commands = { ...state.commands, client_close: (args, state, news) => {
        state.plan = { ...state.plan, hash: "other", diff: [...state.plan.diff, { kind: "same", number: 41, text: "// new" }] };
        return close(args, state, news);
      } };
    });
    await button(page, "Close and connect").click();
    await sheet(page).getByText("The file changed in the meantime.").waitFor();
    expect(await calls(page, "connect_apply")).toEqual([]);
    await sheet(page).getByRole("button", { name: "Connect", exact: true }).click();
    await sheet(page).getByText("Command answers").waitFor();
    expect(await calls(page, "connect_apply")).toEqual([{ client: "claude-desktop", hash: "other", name: "pointsman" }]);
  });

  test("“I will do it” waits for the client to close and then offers Connect", async () => {
    const page = await window_.go("clients", "running");
    await button(page, "Connect").click();
    await button(page, "I will do it").click();
    await sheet(page).getByText("We notice when it is closed.").waitFor();
    await page.evaluate(() => void (window.fake.state.plan.running = false));
    await sheet(page).getByRole("button", { name: "Connect", exact: true }).waitFor();
    expect(await calls(page, "client_close")).toEqual([]);
  });

  test("a name that is taken is left alone unless the person says otherwise", async () => {
    const page = await window_.go("clients", "taken");
    await button(page, "Connect").click();
    await sheet(page).getByText("railway/pointsman-sim").waitFor();
    await sheet(page).getByLabel("Replace it; the backup keeps it").check();
    await sheet(page).getByText("Use another name and leave it alone").waitFor();
    await sheet(page).getByRole("button", { name: "Connect", exact: true }).click();
    await sheet(page).getByText("Command answers").waitFor();
    expect(await calls(page, "connect_plan")).toEqual([{ client: "claude-desktop", replace: false }, { client: "claude-desktop", replace: true }]);
    expect(await calls(page, "connect_apply")).toEqual([{ client: "claude-desktop", hash: "replaced", name: "pointsman" }]);
  });

  test("asks again for the name the plan was asked for, not for the one it found", async () => {
    const page = await window_.go("clients", "taken");
    await button(page, "Connect").click();
    await sheet(page).getByText("railway/pointsman-sim").waitFor();
    await sheet(page).getByRole("button", { name: "Connect", exact: true }).click();
    await sheet(page).getByText("Command answers").waitFor();
    expect(await calls(page, "connect_apply")).toEqual([{ client: "claude-desktop", hash: "9f2c41d0", name: "pointsman" }]);
  });

  test("names the next step when no hello comes for 40 seconds", async () => {
    const page = window_.page;
    await page.clock.install();
    await page.goto(`${window_.address}/?fake=fresh#/clients`);
    await page.clock.runFor(1_000);
    await button(page, "Connect").click();
    await page.clock.runFor(1_000);
    await sheet(page).getByRole("button", { name: "Connect", exact: true }).click();
    await page.clock.runFor(38_000);
    expect(await sheet(page).getByText("has not said hello").count()).toBe(0);
    await page.clock.runFor(3_000);
    await sheet(page).getByText("Claude Desktop has not said hello for 40 seconds").waitFor();
  });

  test("Disconnect shows what it takes out before it does", async () => {
    const page = await window_.go("clients");
    await button(page, "Disconnect").click();
    await sheet(page).getByText("We remove our entry, keep a backup and change nothing else.").waitFor();
    await sheet(page).getByRole("button", { name: "Disconnect", exact: true }).click();
    await sheet(page).getByText("byte for byte as it was before Connect").waitFor();
    expect(await calls(page, "disconnect_apply")).toEqual([{ client: "claude-desktop", hash: "gone" }]);
    await button(page, "Done").click();
    await page.getByText("Not connected", { exact: true }).waitFor();
  });
});

test("an entry that is gone and one that was changed are told apart", async () => {
  const page = await window_.go("clients", "problems");
  await page.getByText("Entry is gone", { exact: true }).waitFor();
  await page.getByText("Claude Desktop cannot reach Pointsman until it is repaired.").waitFor();
  await window_.go("clients", "changed");
  await page.getByText("Entry was changed", { exact: true }).waitFor();
  await page.getByText("it no longer starts this Pointsman for Claude Desktop").waitFor();
  expect(await page.getByText("cannot reach Pointsman").count()).toBe(0);
  await button(page, "Repair").click();
  await page.getByRole("dialog").getByText("What you added to the entry stays in the file").waitFor();
  expect(await page.getByText("Keys stay in GNOME Keyring.").count(), "not said of a file that may hold one").toBe(0);
});

describe("the pause", () => {
  test("is chosen in a menu, shown with its end, and ended", async () => {
    const page = await window_.go("overview");
    await button(page, "Pause spending").click();
    await page.getByRole("menuitem", { name: "For 1 hour" }).click();
    await page.getByText("Paused until 15:24").waitFor();
    await page.getByRole("link", { name: "Spending is paused" }).waitFor();
    await button(page, "Resume spending").click();
    await button(page, "Pause spending").waitFor();
    expect(await calls(page, "pause")).toEqual([{ span: "hour" }]);
  });

  test("that cannot be set says so on the page", async () => {
    const page = await window_.go("keys");
    await page.evaluate(() => void (window.fake.state.deny.pause = { code: "ledger_unavailable", sentence: "The pause was not saved: the disk is full." }));
    await button(page, "Pause spending").click();
    await page.getByRole("menuitem", { name: "Until tomorrow" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("The pause was not saved: the disk is full.");
  });
});

describe("live", () => {
  test("a request appears when there is news of it, and the filter asks the ledger", async () => {
    const page = await window_.go("activity", "empty");
    await page.getByText("Your first request will appear here").waitFor();
    await page.evaluate(() => {
      const state = window.fake.state;
      state.activity = { ...state.activity, today_requests: 1, rows: [{ id: "n", at_ms: Date.now(), client: "claude-desktop", client_title: "Claude Desktop", tool: "llm_route", class: "summarize", model: "gpt-6", provider: "openai", tokens: 12, took_ms: 900, state: "answered", cost: { micros: 1, text: "$0.0001" }, held: null, assumed: false, code: null, reason: "", brief: "" }] };
      window.fake.news("request");
    });
    await page.getByRole("gridcell", { name: "$0.0001" }).waitFor();
    await page.getByText("1 request today").waitFor();
    await page.getByLabel("State", { exact: true }).selectOption("failed");
    await page.getByText("No request matches").waitFor();
    expect((await calls(page, "activity")).at(-1)).toEqual({ filter: "", client: null, state: "failed", before: null });
    await button(page, "Clear the filter").click();
    await page.getByRole("gridcell", { name: "$0.0001" }).waitFor();
  });

  test("a value that could not be fetched again stays, with its time", async () => {
    const page = await window_.go("overview");
    await page.evaluate(() => {
      window.fake.state.deny.overview = { code: "ledger_unavailable", sentence: "The ledger cannot be read." };
      window.fake.news("money");
    });
    await page.getByText("What is shown is as of today 14:24.").waitFor();
    await page.getByText("Recent requests").waitFor();
    await page.evaluate(() => void (window.fake.state.deny.overview = undefined));
    await button(page, "Try again").click();
    await page.getByRole("alert").waitFor({ state: "detached" });
  });
});

describe("an edit that widens", () => {
  test("is answered by its hash", async () => {
    const page = await window_.go("overview", "draft");
    await page.getByText("The day cap for all calls rises from $5.00 to $25.00.").waitFor();
    await button(page, "Activate").click();
    await page.getByText("The edit is active.").waitFor();
    expect(await calls(page, "draft_activate")).toEqual([{ hash: "d1" }]);
    expect(await page.getByRole("button", { name: "Activate" }).count()).toBe(0);
  });

  test("stays when the person says no in the system's dialog", async () => {
    const page = await window_.go("overview", "draft");
    await page.evaluate(() => {
      const state = window.fake.state;
      state.commands = { ...state.commands, draft_activate: () => ({ done: false, sentence: "Nothing changed. The edit still waits." }) };
    });
    await button(page, "Activate").click();
    await page.getByText("Nothing changed. The edit still waits.").waitFor();
    expect(await button(page, "Activate").count()).toBe(1);
  });
});

describe("problems", () => {
  test("the chip opens them, and each opens its place", async () => {
    const page = await window_.go("activity", "problems");
    await page.getByRole("link", { name: "2 problems" }).click();
    await page.getByRole("heading", { name: "Problems" }).waitFor();
    expect(await focused(page)).toBe("Problems");
    await button(page, "Replace key").click();
    await page.getByRole("heading", { level: 1, name: "Keys" }).waitFor();
    await page.waitForFunction(() => document.activeElement?.id === "key-deepseek");
    await page.keyboard.press("Control+1");
    await button(page, "Repair").click();
    await page.waitForFunction(() => document.activeElement?.id === "client-claude-desktop");
  });
});
