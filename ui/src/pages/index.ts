// The pages, in the order of the sidebar and of Ctrl+1…: one list.

import type { Component } from "svelte";
import type { Status } from "../bindings.gen";
import type { Key } from "../lib/i18n";
import type { IconName } from "../parts/Sprite.svelte";
import Activity from "./Activity.svelte";
import Clients from "./Clients.svelte";
import Keys from "./Keys.svelte";
import Models from "./Models.svelte";
import Overview from "./Overview.svelte";
import Policy from "./Policy.svelte";
import Spend from "./Spend.svelte";

export type PageId = "overview" | "keys" | "models" | "policy" | "spend" | "clients" | "activity";
export type Page = { id: PageId; title: Key; icon: IconName; view: Component; problems: (status: Status) => number };

export const pages: readonly Page[] = [
  { id: "overview", title: "page.overview", icon: "overview", view: Overview, problems: () => 0 },
  { id: "keys", title: "page.keys", icon: "key", view: Keys, problems: (status) => status.key_problems },
  { id: "models", title: "page.models", icon: "models", view: Models, problems: () => 0 },
  { id: "policy", title: "page.policy", icon: "policy", view: Policy, problems: () => 0 },
  { id: "spend", title: "page.spend", icon: "spend", view: Spend, problems: () => 0 },
  { id: "clients", title: "page.clients", icon: "clients", view: Clients, problems: (status) => status.client_problems },
  { id: "activity", title: "page.activity", icon: "activity", view: Activity, problems: () => 0 },
];
