// One command that a person started: whether it runs, and what went wrong, for the notice beside its button.

import { asDenial, type Denial } from "../backend";

export class Act {
  /** The name of what runs now; undefined while nothing does. */
  busy = $state<string | undefined>();
  error = $state<Denial | undefined>();

  /** Runs one thing at a time; a second press while it runs does nothing. */
  async run<T>(name: string, what: () => Promise<T>): Promise<T | undefined> {
    if (this.busy !== undefined) return undefined;
    this.busy = name;
    this.error = undefined;
    try {
      return await what();
    } catch (thrown) {
      this.error = asDenial(thrown);
      return undefined;
    } finally {
      this.busy = undefined;
    }
  }
}
