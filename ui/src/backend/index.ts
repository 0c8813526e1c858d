// The one way out of the window: a command with its arguments, and the news that something changed.
// Which side answers (Rust, or fixtures in page tests) is decided once, by the entry file.

import type { Commands, Place, Topic } from "../bindings.gen";

export type Command = keyof Commands;
export type Args<C extends Command> = Commands[C]["args"];
export type Result<C extends Command> = Commands[C]["result"];

export interface Backend {
  call<C extends Command>(cmd: C, args: Args<C>): Promise<Result<C>>;
  /** Calls back after every change in the ledger; ends with the returned function. */
  onChanged(then: (topics: Topic[]) => void): () => void;
  /** Calls back when a row of the tray or a notification leads to a place; ends with the returned function. */
  onGo(then: (place: Place) => void): () => void;
}

/** What a command answers instead of its result: a code for us, a sentence for the person. */
export type Denial = { code: string; sentence: string };

let backend: Backend | undefined;

export function provide(it: Backend): void {
  backend = it;
}

function here(): Backend {
  if (!backend) throw new Error("no backend was provided");
  return backend;
}

export function call<C extends Command>(cmd: C, args: Args<C>): Promise<Result<C>> {
  return here().call(cmd, args);
}

export function onChanged(then: (topics: Topic[]) => void): () => void {
  return here().onChanged(then);
}

export function onGo(then: (place: Place) => void): () => void {
  return here().onGo(then);
}

/** Whatever was thrown, as something to show. Anything that is not a denial is our own mistake. */
export function asDenial(thrown: unknown): Denial {
  if (typeof thrown === "object" && thrown !== null && "sentence" in thrown && "code" in thrown) {
    return { code: String(thrown.code), sentence: String(thrown.sentence) };
  }
  return { code: "internal", sentence: thrown instanceof Error ? thrown.message : String(thrown) };
}
