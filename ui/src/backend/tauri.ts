// The real side. Nothing else in this folder tree may import @tauri-apps.

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import type { Place, Topic } from "../bindings.gen";
import type { Args, Backend, Command, Result } from "./index";

export const tauri: Backend = {
  call<C extends Command>(cmd: C, args: Args<C>): Promise<Result<C>> {
    return invoke<Result<C>>("rpc", { cmd, payload: args });
  },
  onChanged(then) {
    const listening = listen<{ topics: Topic[] }>("changed", (event) => then(event.payload.topics));
    return () => void listening.then((stop) => stop());
  },
  onGo(then) {
    const listening = listen<Place>("go", (event) => then(event.payload));
    return () => void listening.then((stop) => stop());
  },
};
