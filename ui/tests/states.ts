// Every page in every state it can be in: what the looks, axe and overflow tests walk through.

import type { Page } from "playwright-core";
import { activityStates } from "./states/activity";
import { modelsStates } from "./states/models";
import { policyStates } from "./states/policy";
import { profileStates } from "./states/profile";
import { spendStates } from "./states/spend";

export type State = { name: string; page: string; fixture: string; prepare?: (page: Page) => Promise<unknown> };

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name, exact: typeof name === "string" });

export const STATES: State[] = [
  ...activityStates,
  ...policyStates,
  ...profileStates,
  ...spendStates,
  ...modelsStates,

  { name: "overview", page: "overview", fixture: "busy" },
  { name: "overview-empty", page: "overview", fixture: "empty" },
  { name: "overview-problems", page: "overview", fixture: "problems" },
  { name: "overview-draft", page: "overview", fixture: "draft" },
  { name: "overview-full", page: "overview", fixture: "full" },
  { name: "overview-caps", page: "overview", fixture: "caps" },
  { name: "overview-capless", page: "overview", fixture: "capless" },
  { name: "overview-paused", page: "overview", fixture: "paused" },
  { name: "overview-practice", page: "overview", fixture: "practice" },
  { name: "overview-down", page: "overview", fixture: "down" },
  { name: "overview-ledgerless", page: "overview", fixture: "ledgerless" },
  { name: "overview-slow", page: "overview", fixture: "slow", prepare: (page) => page.waitForSelector(".skel") },
  { name: "overview-toast", page: "overview", fixture: "draft", prepare: (page) => button(page, "Discard").click() },
  { name: "overview-menu", page: "overview", fixture: "busy", prepare: (page) => button(page, "Pause spending").click() },

  { name: "keys", page: "keys", fixture: "busy" },
  { name: "keys-problems", page: "keys", fixture: "problems" },
  { name: "keys-empty", page: "keys", fixture: "empty" },
  { name: "keys-keyless", page: "keys", fixture: "keyless" },
  { name: "keys-locked", page: "keys", fixture: "locked" },
  { name: "keys-storeless", page: "keys", fixture: "storeless" },
  { name: "keys-notes", page: "keys", fixture: "unreachable", prepare: (page) => page.getByRole("row", { name: /xAI/ }).getByRole("button", { name: "Check" }).click() },
  { name: "keys-guess", page: "keys", fixture: "busy", prepare: (page) => page.getByLabel("Add a key", { exact: true }).and(page.locator("input")).fill("sk-proj-abc") },
  { name: "keys-ambiguous", page: "keys", fixture: "busy", prepare: (page) => page.locator("input[type=password]").fill("sk-abc") },
  {
    name: "keys-addressless", page: "keys", fixture: "busy",
    async prepare(page) {
      await page.locator("input[type=password]").fill("0123456789abcdef");
      await page.getByLabel("Provider", { exact: true }).selectOption("azure-openai");
    },
  },
  {
    name: "keys-refused", page: "keys", fixture: "busy",
    async prepare(page) {
      await page.locator("input[type=password]").fill("sk-proj-bad");
      await button(page, "Check and store").click();
    },
  },
  {
    name: "keys-added", page: "keys", fixture: "keyless",
    async prepare(page) {
      await page.locator("input[type=password]").fill("sk-proj-good");
      await button(page, "Check and store").click();
    },
  },
  { name: "keys-replace", page: "keys", fixture: "problems", prepare: (page) => button(page, "Replace").click() },
  {
    name: "keys-delete", page: "keys", fixture: "busy",
    async prepare(page) {
      await button(page, "More for OpenAI").click();
      await page.getByRole("menuitem", { name: "Delete…" }).click();
    },
  },
  { name: "keys-menu", page: "keys", fixture: "problems", prepare: (page) => button(page, "More for DeepSeek").click() },
  { name: "keys-nothing", page: "keys", fixture: "busy", prepare: (page) => page.getByPlaceholder("Filter").fill("zzz") },
  { name: "keys-down", page: "keys", fixture: "down" },
  { name: "keys-slow", page: "keys", fixture: "slow", prepare: (page) => page.waitForSelector(".skel") },

  { name: "clients", page: "clients", fixture: "busy" },
  { name: "clients-entry", page: "clients", fixture: "busy", prepare: (page) => page.getByText("What is in the file").click() },
  { name: "clients-test", page: "clients", fixture: "busy", prepare: (page) => button(page, "Test").click() },
  { name: "clients-fresh", page: "clients", fixture: "fresh" },
  { name: "clients-waiting", page: "clients", fixture: "waiting" },
  { name: "clients-drifted", page: "clients", fixture: "problems" },
  { name: "clients-changed", page: "clients", fixture: "changed" },
  { name: "clients-unreadable", page: "clients", fixture: "unreadable" },
  { name: "clients-readonly", page: "clients", fixture: "readonly" },
  { name: "clients-absent", page: "clients", fixture: "absent" },
  { name: "clients-twice", page: "clients", fixture: "twice" },
  { name: "clients-connect", page: "clients", fixture: "fresh", prepare: (page) => button(page, "Connect").click() },
  { name: "clients-running", page: "clients", fixture: "running", prepare: (page) => button(page, "Connect").click() },
  { name: "clients-taken", page: "clients", fixture: "taken", prepare: (page) => button(page, "Connect").click() },
  { name: "clients-nothing", page: "clients", fixture: "done", prepare: (page) => button(page, "Connect").click() },
  { name: "clients-disconnect", page: "clients", fixture: "busy", prepare: (page) => button(page, "Disconnect").click() },
  {
    name: "clients-written", page: "clients", fixture: "fresh",
    async prepare(page) {
      await button(page, "Connect").click();
      await page.getByRole("dialog").getByRole("button", { name: "Connect", exact: true }).click();
      await page.getByRole("dialog").getByText("Command answers").waitFor();
    },
  },
  {
    name: "clients-written-fileless", page: "clients", fixture: "fileless",
    async prepare(page) {
      await button(page, "Connect").click();
      await page.getByRole("dialog").getByRole("button", { name: "Connect", exact: true }).click();
      await page.getByRole("dialog").getByText("Command answers").waitFor();
    },
  },
  {
    name: "clients-moved", page: "clients", fixture: "moved",
    async prepare(page) {
      await button(page, "Connect").click();
      await page.getByRole("dialog").getByRole("button", { name: "Connect", exact: true }).click();
      await page.getByRole("button", { name: "Read the file again" }).waitFor();
    },
  },
  { name: "clients-down", page: "clients", fixture: "down" },

  { name: "activity", page: "activity", fixture: "busy" },
  { name: "activity-empty", page: "activity", fixture: "empty" },
  { name: "activity-nothing", page: "activity", fixture: "busy", prepare: async (page) => {
    await page.getByLabel("Filter requests").fill("zzz");
    await page.getByText("No request matches").waitFor();
  } },
  { name: "activity-down", page: "activity", fixture: "down" },
  { name: "activity-slow", page: "activity", fixture: "slow", prepare: (page) => page.waitForSelector(".skel") },
];
