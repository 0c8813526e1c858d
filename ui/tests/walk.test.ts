// The window as a whole: the keyboard alone, twice the size, longer words, hostile words.

import { describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { button, calls, focused, opened } from "./opened";

const PAGES = ["overview", "keys", "models", "policy", "spend", "clients", "activity"];

/** Names of models, classes and clients on pages that show more of them; and what Rust says in English so far. */
const DATA: Record<string, RegExp> = {
  models: /^(claude-sonnet-5-5|L[0-3])$/,
  spend: /^([a-z]+\/[\w.:-]+|claude-code|extract_json|notes|plan_change|second_opinion|No client|(October|November) 2026)$/,
};

const window_ = opened();

const title = (page: Page) => page.getByRole("heading", { level: 1 }).textContent();

describe("with the keyboard", () => {
  test("Ctrl+1 and on are the pages in the order of the sidebar, the next is none", async () => {
    const page = await window_.go("overview");
    const names = await page.locator(".nav a > span:first-of-type").allTextContents();
    expect(names.slice(0, 2)).toEqual(["Overview", "Keys"]);
    for (const [at, name] of [...names.slice(1).map((name, i) => [i + 2, name] as const), [names.length + 1, names.at(-1)!] as const, [1, names[0]!] as const]) {
      await page.keyboard.press(`Control+${at}`);
      await page.getByRole("heading", { level: 1, name }).waitFor();
      expect(await page.title()).toBe(`${name} - Pointsman`);
    }
    expect(await page.locator('[aria-current="page"]').count()).toBe(1);
  });

  test("/ goes to the filter, and is a letter inside it", async () => {
    const page = await window_.go("activity");
    await page.keyboard.press("/");
    await page.keyboard.type("sum/");
    expect(await page.getByLabel("Filter requests").inputValue()).toBe("sum/");
  });

  test("F6 goes round the regions, Shift+F6 back", async () => {
    const page = await window_.go("overview");
    const region = () => page.evaluate(() => document.activeElement?.closest("[data-region]")?.tagName);
    const seen: (string | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press("F6");
      seen.push(await region());
    }
    expect(seen).toEqual(["ASIDE", "HEADER", "MAIN", "ASIDE"]);
    await page.keyboard.press("Shift+F6");
    expect(await region()).toBe("MAIN");
  });

  test("the first Tab offers to skip the sidebar", async () => {
    const page = await window_.go("keys");
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("Skip to content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    expect(page.url(), "and the page stays").toContain("#/keys");
  });

  test.each(PAGES)("Tab reaches everything of %s in reading order and shows where it is", async (name) => {
    const page = await window_.go(name, "problems");
    const wanted = await page.evaluate(() => [...document.querySelectorAll<HTMLElement>('a[href], button:not([disabled]), input, select, summary, [tabindex="0"]')].filter((one) => one.checkVisibility() && one.tabIndex >= 0).length);
    const seen: string[] = [];
    for (let i = 0; i < wanted; i++) {
      await page.keyboard.press("Tab");
      seen.push(
        await page.evaluate(() => {
          const it = document.activeElement as HTMLElement;
          it.dataset.seen = "yes";
          const at = it.getBoundingClientRect();
          const style = getComputedStyle(it);
          const marked = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
          return marked && (at.width >= 24 || at.height >= 20) ? "" : `${it.outerHTML.slice(0, 90)} ${style.outline} ${at.width}x${at.height}`;
        }),
      );
    }
    expect(seen.filter(Boolean), "a focus that cannot be seen").toEqual([]);
    expect(await page.locator("[data-seen]").count()).toBe(wanted);
  });

  test("Esc closes the top layer only and gives the focus back", async () => {
    const page = await window_.go("keys");
    await button(page, "More for OpenAI").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "Replace…" }).waitFor();
    expect(await focused(page)).toBe("Replace…");
    await page.keyboard.press("ArrowDown");
    expect(await focused(page)).toBe("Delete…");
    await page.keyboard.press("ArrowDown");
    expect(await focused(page)).toBe("Replace…");
    await page.keyboard.press("Escape");
    expect(await focused(page)).toBe("More for OpenAI");
    await page.keyboard.press("ArrowUp");
    expect(await focused(page), "up opens at the last").toBe("Delete…");
    await page.keyboard.press("Home");
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Delete the OpenAI key?" });
    await dialog.waitFor();
    expect(await focused(page), "the harmless answer").toBe("Cancel");
    await page.keyboard.press("Control+1");
    expect(await title(page), "the page below rests").toBe("Keys");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(await focused(page)).toBe("More for OpenAI");
    expect(await calls(page, "key_delete")).toEqual([]);
  });

  test("nothing behind a dialog can be reached", async () => {
    const page = await window_.go("clients", "fresh");
    await button(page, "Connect").click();
    await page.getByRole("dialog").waitFor();
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press("Tab");
      expect(await page.evaluate(() => document.activeElement === document.body || document.activeElement!.closest("dialog") !== null)).toBe(true);
    }
  });
});

describe("at twice the size", () => {
  test.each(PAGES)("%s does not scroll sideways", async (name) => {
    await window_.page.setViewportSize({ width: 540, height: 360 });
    const page = await window_.go(name, "problems");
    expect(await page.evaluate(() => [document.documentElement, document.querySelector(".body")!].map((box) => box.scrollWidth - box.clientWidth))).toEqual([0, 0]);
  });
});

describe("words", () => {
  test.each(PAGES)("all of %s come from the catalogue and have room to be longer", async (name) => {
    const page = await window_.go(name, "busy", "&lang=pseudo");
    const bare = await page.evaluate(() => {
      const data = /^(Claude Desktop|Anthropic|Azure OpenAI|DeepSeek|Google Gemini|Groq|Mistral|OpenAI|OpenRouter|Together AI|xAI|Command line|CD|November|summarize|code_review|translate)$/;
      const words = [...document.querySelectorAll("h1, h2, th, label, button, dt, summary, option, .eyebrow, .nav a > span:first-of-type, .status, .legend > span, .state")];
      return words.map((one) => one.textContent!.trim()).filter((text) => /[a-z]/i.test(text) && !text.startsWith("[") && !data.test(text));
    });
    expect(bare.filter((text) => !DATA[name]?.test(text))).toEqual([]);
    expect(await page.evaluate(() => document.querySelector(".body")!.scrollWidth - document.querySelector(".body")!.clientWidth)).toBe(0);
  });

  test("what a model or a file says is text, never markup", async () => {
    const page = await window_.go("activity");
    const evil = '<img src=x onerror="window.pwned=1"><b>bold</b>';
    await page.evaluate((evil) => {
      Object.assign(window.fake.state.activity.rows[0]!, { class: evil, model: evil, reason: evil, client_title: evil, state: "denied" });
      window.fake.news("request");
    }, evil);
    await page.getByText(evil).first().waitFor();
    expect(await page.locator("main img, main b").count()).toBe(0);
    expect(await page.evaluate(() => "pwned" in window)).toBe(false);
  });
});

test("the page says that it is drawn", async () => {
  const page = await window_.go("overview");
  await page.waitForFunction(() => window.fake.calls.some((call) => call.cmd === "page_ready"));
});
