// The built window, served as Tauri serves it: static files and a content policy without anything inline.

import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

const ROOT = fileURLToPath(new URL("../dist-fake/", import.meta.url));
export const SCREENS = fileURLToPath(new URL("../screens/", import.meta.url));

/** No style attribute, no inline script, no data: address may be needed. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";
const KINDS: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/** A Saturday in November, 14:24 in Berlin: what the fixtures call now. */
export const NOW = new Date("2026-11-21T13:24:00Z");
export const SIZES = { wide: { width: 1080, height: 720 }, small: { width: 720, height: 480 } } as const;
/** The window that asks: of one size. */
const APPROVAL = { width: 440, height: 380 };
export type Size = keyof typeof SIZES;
export type Theme = "light" | "dark";

export type Stage = { address: string; browser: Browser; end: () => Promise<void> };

export async function stage(): Promise<Stage> {
  const server = await serve();
  const browser = await chromium.launch({ executablePath: browserPath(), args: ["--no-sandbox", "--font-render-hinting=none"] });
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    address,
    browser,
    async end() {
      await browser.close();
      server.close();
    },
  };
}

function browserPath(): string {
  const path = [process.env.CHROMIUM, "/usr/bin/chromium"].find((one) => one !== undefined && existsSync(one));
  if (!path) throw new Error("No browser for the page tests. Install the package `chromium`, or set CHROMIUM to the path of one.");
  return path;
}

function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname));
    const file = join(ROOT, path === "/" ? "index.html" : path);
    if (!file.startsWith(ROOT) || !existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": KINDS[extname(file)] ?? "application/octet-stream", "content-security-policy": POLICY });
    response.end(readFileSync(file));
  });
  return new Promise((then) => server.listen(0, "127.0.0.1", () => then(server)));
}

/** A window of its own size and theme. What the console says against the page is collected, not lost. */
export class Window {
  readonly complaints: string[] = [];
  private constructor(
    readonly page: Page,
    private readonly context: BrowserContext,
    private readonly address: string,
  ) {}

  static async open(on: Stage, size: Size | "approval" = "wide", theme: Theme = "light"): Promise<Window> {
    const context = await on.browser.newContext({
      viewport: size === "approval" ? APPROVAL : SIZES[size],
      colorScheme: theme,
      locale: "en-GB",
      timezoneId: "Europe/Berlin",
      reducedMotion: "reduce",
      // Pictures for a close look: SCALE=2.
      deviceScaleFactor: Number(process.env.SCALE ?? 1),
    });
    const page = await context.newPage();
    await page.clock.setFixedTime(NOW);
    // As the app does it: a page that changes a built-in prototype must fail here first.
    await page.addInitScript(() => Object.freeze(Object.prototype));
    const window = new Window(page, context, on.address);
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") window.complaints.push(message.text());
    });
    page.on("pageerror", (error) => window.complaints.push(String(error)));
    return window;
  }

  /** Opens a page of the app over a fixture and waits until it has drawn what it shows first. */
  async go(page: string, fixture = "busy", query = "", window = ""): Promise<Page> {
    await this.page.goto("about:blank");
    await this.page.goto(`${this.address}/${window}?fake=${fixture}${query}#/${page}`);
    await this.settled();
    return this.page;
  }

  /** Waits until every part of the page is here, the fake owes no answer and two frames were drawn. */
  async settled(): Promise<void> {
    await this.page.waitForFunction(() => window.fake?.owed === 0 && document.querySelector("[data-opening]") === null);
    await this.page.evaluate(() => new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then))));
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}
