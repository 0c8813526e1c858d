// Which page is open, kept in the address: `#/keys/openai` is Keys at the OpenAI row.

import { pages, type PageId } from "../pages";

class Route {
  page = $state<PageId>("overview");
  /** The row or card that the link was about; it is brought into view and focused once. */
  target = $state<string | undefined>();
  /** Counts visits, so that the same target can be asked for twice. */
  visit = $state(0);

  start(): void {
    addEventListener("hashchange", () => this.#read());
    this.#read();
  }

  go(page: PageId, target?: string): void {
    const hash = href(page, target);
    if (location.hash === hash) this.#read();
    else location.hash = hash;
  }

  #read(): void {
    const [, page, target] = location.hash.split("/");
    this.page = pages.find((one) => one.id === page)?.id ?? "overview";
    this.target = target ? decodeURIComponent(target) : undefined;
    this.visit += 1;
  }
}

export const route = new Route();

export function href(page: PageId, target?: string): string {
  return target ? `#/${page}/${encodeURIComponent(target)}` : `#/${page}`;
}

/** Brings the element named `id` into view and gives it the focus, once per visit. For `$effect`. */
export function arrive(id: string, ready: boolean): void {
  if (!ready || route.target === undefined) return;
  const at = document.getElementById(id);
  if (!at) return;
  at.scrollIntoView({ block: "nearest" });
  at.focus({ preventScroll: true });
  route.target = undefined;
}
