// What of the page is open: which class, which side of a narrow window, which panel. Parts of the page tell each other
// through it where to look.

import { tick } from "svelte";
import type { Desk } from "./desk.svelte";

export type Panel = "problems" | "dry" | "tests" | "history";
export type Side = "form" | "text";

export class Bench {
  /** The class whose card is open. */
  chosen = $state<string | undefined>();
  side = $state<Side>("form");
  panel = $state<Panel>("problems");
  /** What is said to a screen reader. */
  said = $state("");

  constructor(readonly desk: Desk) {}

  /** Shows a place of the text with the cursor on it. */
  async showLine(line: number, column = 1): Promise<void> {
    this.side = "text";
    await tick();
    this.desk.goTo(line, column);
  }

  /** Opens the card of a class, or closes it. */
  choose(name: string | undefined): void {
    this.chosen = name;
  }
}
