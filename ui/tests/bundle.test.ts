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

test("no fixture is in it", () => {
  const found = files.filter((name) => /GNOME Keyring|window\.fake|acme\/issues|m0Zk/.test(text(name)));
  expect(found).toEqual([]);
});

test("nothing is inline and nothing comes from elsewhere", () => {
  const page = text("index.html");
  expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
  expect(page).not.toMatch(/(src|href)="(?!\/)/);
  for (const name of files.filter((name) => name.endsWith(".css"))) expect(text(name)).not.toMatch(/url\((?!["']?#)|@import/);
});
