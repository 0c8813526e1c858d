// The approval window: how it looks in each state, and that it answers nothing by itself.

import { mkdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { cutOff, faults } from "./look";
import { opened } from "./opened";
import { NOW, SCREENS } from "./stage";

const window_ = opened("approval");
beforeAll(() => void mkdirSync(SCREENS, { recursive: true }));

const go = (fixture: string, query = "") => window_.go("", fixture, query, "approval.html");
const deny = (page: Page) => page.getByRole("button", { name: "Deny" });
const allow = (page: Page) => page.getByRole("button", { name: /^Allow/ });
const answers = (page: Page) => page.evaluate(() => window.fake.calls.filter((call) => call.cmd === "approval_answer").map((call) => call.args));
const live = (page: Page) => page.waitForFunction(() => [...document.querySelectorAll("footer button")].every((one) => one.getAttribute("aria-disabled") === "false"));
const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent?.trim().replace(/\s+/g, " ") || document.activeElement?.getAttribute("type") || document.activeElement?.tagName);
/** The page's clock, this many seconds after the question was shown. */
const later = (page: Page, seconds: number) => page.clock.setFixedTime(new Date(NOW.getTime() + seconds * 1000));

const BOXES = "html, main, .ap, .ap > :not(.sr), .btn";

type Look = { name: string; fixture: string; prepare?: (page: Page) => Promise<unknown> };
const LOOKS: Look[] = [
  { name: "resting", fixture: "approval-resting" },
  { name: "asked", fixture: "approval", prepare: live },
  { name: "always", fixture: "approval", prepare: async (page) => { await live(page); await page.getByRole("checkbox").check(); } },
  { name: "soon", fixture: "approval", prepare: async (page) => { await live(page); await later(page, 22); await page.getByText("9 s", { exact: true }).waitFor(); } },
  { name: "two", fixture: "approval-two", prepare: live },
  { name: "bare", fixture: "approval-bare", prepare: live },
  { name: "long", fixture: "approval-long", prepare: live },
  { name: "handoff", fixture: "approval-long", prepare: async (page) => { await live(page); await page.getByRole("button", { name: "Show what is sent" }).click(); } },
  { name: "denied", fixture: "approval", prepare: async (page) => { await live(page); await deny(page).click(); await page.getByText("Denied.").waitFor(); } },
  { name: "allowed", fixture: "approval", prepare: async (page) => { await live(page); await allow(page).click(); await page.getByText("Allowed once.").waitFor(); } },
  { name: "expired", fixture: "approval", prepare: async (page) => { await later(page, 32); await page.getByText("No answer, so the answer is no.").waitFor(); } },
  { name: "nothing", fixture: "approval-none", prepare: (page) => page.getByText("Nothing is asked.").waitFor() },
];

describe("looks", () => {
  test.each(LOOKS)("$name", async ({ name, fixture, prepare }) => {
    const page = await go(fixture);
    await prepare?.(page);
    await window_.settled();
    for (const theme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: theme });
      await page.screenshot({ path: `${SCREENS}approval-${name}-${theme}.png` });
      expect.soft(await faults(page), `axe, ${theme}`).toEqual([]);
    }
    expect.soft(await cutOff(page, BOXES), "wider than its place").toEqual([]);
    expect.soft(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight), "higher than the window").toBeLessThanOrEqual(0);
  });

  test("longer words have room", async () => {
    const page = await go("approval", "&lang=pseudo");
    const bare = await page.evaluate(() => [...document.querySelectorAll("h1, dt, button, label, footer p")].map((one) => one.textContent!.trim()).filter((text) => !text.startsWith("[")));
    expect(bare).toEqual([]);
    expect(await cutOff(page, BOXES)).toEqual([]);
  });
});

describe("the buttons", () => {
  test("rest until 700 ms after Rust heard that the question is painted, and say why", async () => {
    const page = await go("approval");
    await page.waitForFunction(() => window.fake.calls.some((call) => call.cmd === "approval_shown"));
    await page.getByText("The buttons work in a moment, so that no stray click answers.").waitFor();
    expect(await deny(page).getAttribute("aria-disabled")).toBe("true");
    await deny(page).click({ force: true });
    await allow(page).click({ force: true });
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    expect(await answers(page), "a stray press answers nothing").toEqual([]);
    await live(page);
    await page.getByText("No answer means no.").waitFor();
    expect(await page.evaluate(() => window.fake.calls.filter((call) => call.cmd === "approval_shown").length), "said once").toBe(1);
  });

  test("live no earlier than 700 ms after Rust has heard it", async () => {
    const page = await go("approval-two");
    await live(page);
    await page.evaluate(() => {
      const at = { heard: 0, live: 0 };
      (window as unknown as { at: typeof at }).at = at;
      window.fake.state.commands.approval_shown = () => {
        at.heard = performance.now();
        return null;
      };
      new MutationObserver(() => {
        const rests = document.querySelector("footer .btn--primary")?.getAttribute("aria-disabled");
        if (at.heard && !at.live && rests === "false") at.live = performance.now();
      }).observe(document.body, { subtree: true, childList: true, attributes: true });
    });
    await deny(page).click();
    await page.waitForFunction(() => (window as unknown as { at: { live: number } }).at.live > 0);
    const rested = await page.evaluate(() => {
      const { at } = window as unknown as { at: { heard: number; live: number } };
      return at.live - at.heard;
    });
    expect(rested).toBeGreaterThanOrEqual(699);
  });

  test("begin with Deny, and Enter never means yes by itself", async () => {
    const page = await go("approval");
    expect(await focused(page)).toBe("Deny");
    await live(page);
    await page.keyboard.press("Enter");
    await page.getByText("Denied.").waitFor();
    expect(await answers(page)).toMatchObject([{ answer: "deny" }]);
  });

  test("come in reading order, with Allow last", async () => {
    const page = await go("approval");
    await live(page);
    await page.keyboard.press("Tab");
    const order = [await focused(page)];
    await deny(page).focus();
    for (let i = 0; i < 2; i++) {
      await page.keyboard.press("Shift+Tab");
      order.unshift(await focused(page));
    }
    expect(order).toEqual(["Show what is sent", "checkbox", "Allow once"]);
  });

  test("Enter on the box that allows always answers nothing", async () => {
    const page = await go("approval");
    await live(page);
    await page.getByRole("checkbox").focus();
    await page.keyboard.press("Enter");
    expect(await answers(page)).toEqual([]);
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Allow for 30 days" }).click();
    await page.waitForFunction(() => window.fake.calls.some((call) => call.cmd === "approval_answer"));
    expect(await answers(page)).toMatchObject([{ answer: "allow_always" }]);
  });

  test("Esc is a no, and goes back from the text first", async () => {
    const page = await go("approval");
    await live(page);
    await page.getByRole("button", { name: "Show what is sent" }).click();
    await page.keyboard.press("Escape");
    await page.getByText("Likely").waitFor();
    expect(await answers(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByText("Denied.").waitFor();
    expect(await answers(page)).toMatchObject([{ answer: "deny" }]);
  });

  test("send the nonce of the question that is shown, once", async () => {
    const page = await go("approval");
    await live(page);
    await page.evaluate(() => (window.fake.state.delay = 200));
    const shown = await page.evaluate(() => ({ id: window.fake.state.approvals[0]!.id, nonce: window.fake.state.approvals[0]!.nonce }));
    await allow(page).dblclick();
    await page.getByText("Allowed once.").waitFor();
    expect(await answers(page)).toEqual([{ ...shown, answer: "allow_once" }]);
  });

  test("an answer that does not count says so and leaves the question", async () => {
    const page = await go("approval");
    await live(page);
    await page.evaluate(() => (window.fake.state.commands.approval_answer = () => ({ done: false, sentence: "The question was not shown long enough. Answer it again." })));
    await allow(page).click();
    await page.getByText("The question was not shown long enough.").waitFor();
    await page.getByText("Likely").waitFor();
  });
});

test("the next question rests anew and begins with Deny and without always", async () => {
  const page = await go("approval-two");
  await live(page);
  await page.getByText("1 more waits").waitFor();
  await page.getByRole("checkbox").check();
  await page.getByRole("button", { name: "Allow for 30 days" }).click();
  await page.getByText("Cursor, plan_change").waitFor();
  expect(await allow(page).getAttribute("aria-disabled")).toBe("true");
  expect(await focused(page)).toBe("Deny");
  expect(await page.getByRole("checkbox").isChecked()).toBe(false);
  await live(page);
  await deny(page).click();
  expect(await answers(page)).toMatchObject([{ answer: "allow_always" }, { id: "second", answer: "deny" }]);
});

test("what is left is said aloud at 30 and at 10 seconds only", async () => {
  const page = await go("approval");
  const aloud = page.locator("[aria-live=assertive]");
  expect(await aloud.textContent()).toBe("");
  for (const [after, said] of [[1, "30 seconds left to answer"], [8, ""], [21, "10 seconds left to answer"], [26, ""]] as const) {
    await later(page, after);
    await page.waitForFunction((left) => document.querySelector("[role=timer]")?.textContent === `${left} s`, 31 - after);
    expect(await aloud.textContent()).toBe(said);
  }
});

test("a question whose time is over cannot be answered", async () => {
  const page = await go("approval");
  await live(page);
  await later(page, 31);
  await page.getByText("No answer, so the answer is no.").waitFor();
  expect(await page.getByRole("button").count()).toBe(0);
  await page.keyboard.press("Escape");
  expect(await answers(page)).toEqual([]);
});

test("all of it is text, whatever a model wrote", async () => {
  const page = await go("approval-long");
  await live(page);
  await page.getByRole("button", { name: "Show what is sent" }).click();
  const text = await page.evaluate(() => [document.querySelector("pre")!.textContent, window.fake.state.approvals[0]!.handoff]);
  expect(text[0]).toBe(text[1]);
  expect(await page.locator("img, b").count()).toBe(0);
  expect(await page.evaluate(() => "pwned" in window)).toBe(false);
  await page.locator(".box").focus();
  await page.keyboard.press("End");
  await page.waitForFunction(() => document.querySelector(".box")!.scrollTop > 0);
});
