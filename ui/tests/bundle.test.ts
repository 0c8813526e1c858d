// What is shipped: small, without anything inline, and without the fixtures.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const files = existsSync(DIST) ? readdirSync(DIST, { recursive: true, encoding: "utf8" }).filter((name) => /\.\w+$/.test(name)) : [];
const text = (name: string) => readFileSync(DIST + name, "utf8");

test("the window was built", () => expect(files, "npm run build comes first").toContain("index.html"));

test("the first chunk is at most 110 KB", () => {
  const scripts = files.filter((name) => name.endsWith(".js"));
  expect(scripts.length).toBeGreaterThan(0);
  expect(Math.max(...scripts.map((name) => gzipSync(readFileSync(DIST + name)).length))).toBeLessThanOrEqual(110 * 1024);
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
