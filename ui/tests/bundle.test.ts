// What is shipped: small, without anything inline, and without the fixtures.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const files = existsSync(DIST) ? readdirSync(DIST, { recursive: true, encoding: "utf8" }).filter((name) => /\.\w+$/.test(name)) : [];
const text = (name: string) => readFileSync(DIST + name, "utf8");

test("the window was built", () => expect(files, "npm run build comes first").toContain("index.html"));

const zipped = (name: string) => gzipSync(readFileSync(DIST + name)).length;
const scripts = files.filter((name) => name.endsWith(".js"));
const first = /<script[^>]*\ssrc="\/([^"]+)"/.exec(existsSync(`${DIST}index.html`) ? text("index.html") : "")?.[1] ?? "";

/** All that comes before the window is drawn: the first chunk and what it shares with the window that asks. */
const atOnce = existsSync(`${DIST}index.html`) ? [...text("index.html").matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]!) : [];

test("what comes before the window is drawn is at most 110 KB", () => {
  expect(atOnce[0]).toBe(first);
  expect(atOnce.reduce((sum, name) => sum + zipped(name), 0)).toBeLessThanOrEqual(110 * 1024);
  const imported = atOnce.flatMap((name) => [...text(name).matchAll(/(?:^|[;}])import(?:[^"'(]*from)?"\.\/([^"]+)"/g)].map((match) => `assets/${match[1]}`));
  expect(imported.filter((name) => !atOnce.includes(name)), "imported at once and not counted").toEqual([]);
});

/** What comes later, each with its own bound in KB. A chunk that is not named here is small. */
const LATER = [["codemirror", 150], ["Workbench", 40], ["", 30]] as const;

test.each(scripts.filter((name) => name !== first))("%s keeps to its bound", (name) => {
  const [, bound] = LATER.find(([part]) => name.includes(part))!;
  expect(zipped(name)).toBeLessThanOrEqual(bound * 1024);
});

test("the editor is in a chunk of its own", () => {
  const holding = scripts.filter((name) => text(name).includes("cm-content"));
  expect(holding.map((name) => name.replace(/.*\/|-[\w-]+\.js$/g, ""))).toEqual(["codemirror"]);
});

test("the window that asks carries nothing of the main one, and is small", () => {
  const page = text("approval.html");
  const loaded = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]!);
  expect(loaded.length).toBeGreaterThan(0);
  const scripts = loaded.map((name) => readFileSync(DIST + name));
  expect(scripts.reduce((sum, one) => sum + gzipSync(one).length, 0)).toBeLessThanOrEqual(30 * 1024);
  const words = ["Skip to content", "policy_save", "key_add", "activity.filter"].filter((word) => scripts.some((one) => one.includes(word)));
  expect(words, "words and commands of the main window").toEqual([]);
  expect(scripts.some((one) => one.includes("approval_answer"))).toBe(true);
  const main = [...text("index.html").matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => readFileSync(DIST + match[1]!));
  expect(main.some((one) => one.includes("approval_answer")), "nor does the main one answer").toBe(false);
});

test("no fixture is in it", () => {
  const found = files.filter((name) => /GNOME Keyring|window\.fake|acme\/issues|m0Zk|the_quarterly_report|Misses the race/.test(text(name)));
  expect(found).toEqual([]);
});

test("nothing is inline and nothing comes from elsewhere", () => {
  for (const page of [text("index.html"), text("approval.html")]) {
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
    expect(page).not.toMatch(/(src|href)="(?!\/)/);
  }
  for (const name of files.filter((name) => name.endsWith(".css"))) expect(text(name)).not.toMatch(/url\((?!["']?#)|@import/);
});
