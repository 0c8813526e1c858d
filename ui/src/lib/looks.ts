import type { ClientState, KeyState, Lamp } from "../bindings.gen";

export const clientLamp: Record<ClientState, Lamp> = {
  connected: "clear",
  waiting: "caution",
  not_connected: "off",
  drifted: "caution",
  unreadable: "stop",
  read_only: "caution",
  not_installed: "off",
};

export const keyLamp: Record<KeyState, Lamp> = {
  valid: "clear",
  refused: "stop",
  no_credit: "stop",
  rate_limited: "caution",
  unreachable: "caution",
  not_checked: "off",
  missing: "off",
  locked: "stop",
  other_origin: "stop",
};

/** `CD` for Claude Desktop, `O` for OpenAI: letters in a tile stand for what has a logo elsewhere. */
export function letters(title: string, most: 1 | 2): string {
  const words = title.split(/\s+/).filter(Boolean);
  if (most === 1 || words.length === 0) return title.slice(0, 1).toUpperCase();
  return words.length > 1 ? words.slice(0, 2).map((word) => word[0]).join("") : title.slice(0, 2);
}
