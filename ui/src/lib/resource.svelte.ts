// What a page shows, kept fresh: fetched when the page opens, again when news concerns it. The last good value stays
// on the page while a fetch fails, with the time it is from.

import { asDenial, call, onChanged, type Args, type Denial, type Result } from "../backend";
import { concerns, type Readable } from "./topics";

/** A skeleton shown for less than this only flickers. */
const PATIENCE_MS = 150;

export class Resource<C extends Readable> {
  value = $state.raw<Result<C> | undefined>();
  error = $state<Denial | undefined>();
  /** When `value` was fetched, in ms since 1970. */
  fetchedAt = $state(0);
  /** True once the first answer has been missing for longer than a person should wonder. */
  slow = $state(false);

  readonly #cmd: C;
  #args: Args<C>;
  #flights = 0;
  /** The fetch under way; 0 for none. */
  #flight = 0;
  /** A fetch whose answer is older than what is shown. */
  #outdated = 0;
  #again = false;

  constructor(cmd: C, args: Args<C>) {
    this.#cmd = cmd;
    this.#args = args;
  }

  /** Fetches now and on news; ends with the returned function. For `$effect`. */
  live(): () => void {
    void this.refresh();
    return onChanged((topics) => {
      if (concerns(this.#cmd, topics)) void this.refresh();
    });
  }

  /** Asks for something else; an answer to the old question that is still under way is dropped. */
  ask(args: Args<C>): Promise<void> {
    this.#args = args;
    this.#flight = 0;
    return this.refresh();
  }

  /** Takes a value that a command has just given. */
  set(value: Result<C>): void {
    if (this.#flight) {
      this.#outdated = this.#flight;
      this.#again = true;
    }
    this.#take(value);
  }

  /** Fetches once; news during a fetch makes it fetch once more, never in parallel. */
  async refresh(): Promise<void> {
    if (this.#flight) {
      this.#again = true;
      return;
    }
    const mine = (this.#flight = ++this.#flights);
    const timer = setTimeout(() => (this.slow = this.value === undefined), PATIENCE_MS);
    try {
      const value = await call(this.#cmd, this.#args);
      if (mine === this.#flight && mine !== this.#outdated) this.#take(value);
    } catch (thrown) {
      if (mine === this.#flight) this.error = asDenial(thrown);
    } finally {
      clearTimeout(timer);
    }
    if (mine !== this.#flight) return;
    this.slow = false;
    this.#flight = 0;
    if (this.#again) {
      this.#again = false;
      await this.refresh();
    }
  }

  #take(value: Result<C>): void {
    this.value = value;
    this.error = undefined;
    this.fetchedAt = Date.now();
    this.slow = false;
  }
}
