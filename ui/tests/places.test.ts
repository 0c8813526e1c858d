// The profile switch of the header, and being led to a place by the tray or a notification.

import { describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { calls, opened } from "./opened";

const window_ = opened();

const profile = (page: Page) => page.getByLabel("Profile", { exact: true });

describe("the profile switch", () => {
  test("is not there where the file has no profiles", async () => {
    const page = await window_.go("overview");
    expect(await profile(page).count()).toBe(0);
  });

  test("lays one over the file, and none", async () => {
    const page = await window_.go("keys", "profiled");
    expect(await profile(page).inputValue()).toBe("travel");
    await profile(page).selectOption("balanced");
    await profile(page).selectOption({ label: "As written" });
    await window_.settled();
    expect(await calls(page, "profile_set")).toEqual([{ name: "balanced" }, { name: null }]);
    expect(await profile(page).inputValue()).toBe("");
  });

  test("goes back to what holds where it could not be done, and says why", async () => {
    const page = await window_.go("overview", "profiled");
    await page.evaluate(() => void (window.fake.state.deny.profile_set = { code: "not_found", sentence: "There is no profile balanced." }));
    await profile(page).selectOption("balanced");
    expect(await page.getByRole("alert").textContent()).toContain("There is no profile balanced.");
    expect(await profile(page).inputValue()).toBe("travel");
  });

  test("follows a choice that was made elsewhere", async () => {
    const page = await window_.go("overview", "profiled");
    await page.evaluate(() => {
      window.fake.state.status.profile = null;
      window.fake.news("policy");
    });
    await page.waitForFunction(() => document.querySelector<HTMLSelectElement>("header select")?.value === "");
  });
});

describe("a place", () => {
  test("of the tray is opened with its row in focus", async () => {
    const page = await window_.go("overview", "problems");
    await page.evaluate(() => window.fake.go({ page: "keys", anchor: "deepseek" }));
    await page.getByRole("heading", { level: 1, name: "Keys" }).waitFor();
    await page.waitForFunction(() => document.activeElement?.id === "key-deepseek");
    await page.evaluate(() => window.fake.go({ page: "clients", anchor: null }));
    await page.getByRole("heading", { level: 1, name: "Clients" }).waitFor();
  });

  test("whose page this window does not have is a problem of Overview", async () => {
    const page = await window_.go("keys", "problems");
    await page.evaluate(() => window.fake.go({ page: "nowhere" as never, anchor: "x" }));
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.waitForFunction(() => document.activeElement?.id === "problems");
  });

  test("that the window was opened for is where it begins", async () => {
    const page = await window_.go("overview", "led");
    await page.getByRole("heading", { level: 1, name: "Keys" }).waitFor();
    await page.waitForFunction(() => document.activeElement?.id === "key-openai");
  });
});
