// Shortcuts of the whole window.

/** Whether what has the focus takes typed letters. */
export function typing(at: EventTarget | null): boolean {
  if (!(at instanceof HTMLElement)) return false;
  return at.isContentEditable || at.matches("input, textarea, select");
}

/** The page number of Ctrl+1…9 (⌘ on a Mac), from 0. */
export function pageShortcut(event: KeyboardEvent): number | undefined {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return undefined;
  const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
  return digit === undefined ? undefined : Number(digit) - 1;
}

/** Whether a dialog or a menu is open: shortcuts of the page rest then. */
export function layerOpen(): boolean {
  return document.querySelector("dialog[open], [popover]:popover-open") !== null;
}

export const mac = typeof navigator !== "undefined" && /mac/i.test(navigator.platform);

/** Moves the focus to the next region (sidebar, header, page), or back. */
export function nextRegion(back: boolean): void {
  const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")];
  const at = regions.findIndex((region) => region.contains(document.activeElement));
  const step = back ? -1 : 1;
  const start = at < 0 ? (back ? 0 : -1) : at;
  const region = regions[(start + step + regions.length) % regions.length];
  const first = region?.querySelector<HTMLElement>('[aria-current], a[href]:not(.skip), button:not([disabled]), input, select');
  (first ?? region)?.focus();
}
