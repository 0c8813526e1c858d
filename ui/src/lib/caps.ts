// A cap in a person's words.

import type { CapCard, CapScope } from "../bindings.gen";
import type { Level } from "./bar";
import { t } from "./i18n";
import { monthOf } from "./time";

/** `Day, everything`, `November, claude-code`, `Week, each client`. */
export function capTitle(cap: CapCard): string {
  const window = cap.window === "month" && cap.since_ms !== null ? monthOf(cap.since_ms) : t(`cap.window.${cap.window}`);
  return t("cap.title", { window, whom: whom(cap) });
}

function whom(cap: CapCard): string {
  if (cap.scope === "all") return t("cap.everything");
  if (cap.name !== null) return short(cap.scope, cap.account_title || cap.name);
  if (cap.account !== "") return short(cap.scope, cap.account_title);
  const nobody = cap.used !== null;
  if (nobody && (cap.scope === "client" || cap.scope === "project")) return t(`cap.no.${cap.scope}`);
  return t(`cap.each.${cap.scope}`);
}

function short(scope: CapScope, name: string): string {
  return scope === "model" ? name.slice(name.indexOf("/") + 1) : name;
}

/** What names a cap's card in links and in the document. */
export function capId(cap: CapCard): string {
  return `${cap.identity}-${cap.account}`;
}

/** How full a cap is. One that only warns never stops anything. */
export function capLevel(cap: CapCard): Level {
  if (cap.used === null) return "calm";
  if (cap.used_bp >= 10_000) return cap.on_hit === "warn" ? "caution" : "stop";
  return cap.used_bp >= 8_000 ? "caution" : "calm";
}

/** A cap at which calls are held back now: full, or so nearly full that it refused some. */
export function isReached(cap: CapCard): boolean {
  if (cap.used === null || cap.on_hit === "warn") return false;
  return cap.used_bp >= 10_000 || (cap.refused > 0 && cap.used_bp + cap.held_bp >= 9_000);
}
