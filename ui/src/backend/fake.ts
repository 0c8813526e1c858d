// Fixtures in place of Rust, for the page tests only; the real bundle does not contain this file.
// `fake("busy")` answers every command from one state, keeps what the page does to it and sends the news.

import type { Place, Topic } from "../bindings.gen";
import { fixtures, type Fixture } from "./fixtures";
import type { Args, Backend, Command, Result } from "./index";

declare global {
  interface Window {
    /** Page tests reach in here: to change the state, to send news, to lead to a place, to see what was asked and how many answers are owed. */
    fake: { state: Fixture; calls: { cmd: string; args: unknown }[]; owed: number; news: (...topics: Topic[]) => void; go: (place: Place) => void };
  }
}

export function fake(name: string): Backend {
  const make = fixtures[name];
  if (!make) throw new Error(`no fixture is called ${name}`);
  const state = make(Date.now());
  const listeners = new Set<(topics: Topic[]) => void>();
  const news = (...topics: Topic[]) => listeners.forEach((then) => then(topics));
  const goers = new Set<(place: Place) => void>();
  const go = (place: Place) => goers.forEach((then) => then(place));
  window.fake = { state, calls: [], owed: 0, news, go };

  return {
    async call<C extends Command>(cmd: C, args: Args<C>): Promise<Result<C>> {
      window.fake.calls.push({ cmd, args });
      if (state.hang.includes(cmd)) return new Promise(() => undefined);
      window.fake.owed += 1;
      try {
        await new Promise((then) => setTimeout(then, state.delay));
        const denial = state.deny[cmd];
        if (denial) throw denial;
        return structuredClone(state.commands[cmd](args as never, state, news)) as Result<C>;
      } finally {
        // After the page has had its answer.
        setTimeout(() => (window.fake.owed -= 1));
      }
    },
    onChanged(then) {
      listeners.add(then);
      return () => listeners.delete(then);
    },
    onGo(then) {
      goers.add(then);
      return () => goers.delete(then);
    },
  };
}
