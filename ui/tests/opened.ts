// What every file of deeds begins with: a window of its own for each test, whose console must stay silent, and the few ways
// to find and ask that all of them need.

import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import type { Page } from "playwright-core";
import { stage, Window, type Size, type Stage } from "./stage";

/** The window of the test that runs. */
export class Opened {
  #on: Stage | undefined;
  #window: Window | undefined;

  constructor(size: Size | "approval") {
    beforeAll(async () => void (this.#on = await stage()));
    afterAll(() => this.#on?.end());
    beforeEach(() => this.#open(size));
    afterEach(() => this.#close());
  }

  get page(): Page {
    return this.#now.page;
  }

  get address(): string {
    return this.#on!.address;
  }

  go(...to: Parameters<Window["go"]>): Promise<Page> {
    return this.#now.go(...to);
  }

  settled(): Promise<void> {
    return this.#now.settled();
  }

  /** Closes it, which judges its console, and opens one of another size. */
  async again(size: Size): Promise<void> {
    await this.#close();
    await this.#open(size);
  }

  get #now(): Window {
    if (!this.#window) throw new Error("no window is open outside a test");
    return this.#window;
  }

  async #open(size: Size | "approval"): Promise<void> {
    this.#window = await Window.open(this.#on!, size);
  }

  async #close(): Promise<void> {
    const complaints = [...this.#now.complaints];
    await this.#now.close();
    this.#window = undefined;
    expect(complaints, "the console").toEqual([]);
  }
}

/** A window for each test of the file that calls this. */
export const opened = (size: Size | "approval" = "wide"): Opened => new Opened(size);

export const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name, exact: typeof name === "string" });
/** What the fake was asked by this command, in order. */
export const calls = (page: Page, cmd: string) => page.evaluate((cmd) => window.fake.calls.filter((call) => call.cmd === cmd).map((call) => call.args as Record<string, unknown>), cmd);
/** What has the focus, by its label or its words. */
export const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent?.trim().replace(/\s+/g, " "));
