// What the open page puts into the window's header, between its title and the status.

import type { Snippet } from "svelte";

class Head {
  tools = $state.raw<Snippet | undefined>();

  /** Shows them until the returned function is called. For `$effect`. */
  show(tools: Snippet): () => void {
    this.tools = tools;
    return () => {
      if (this.tools === tools) this.tools = undefined;
    };
  }
}

export const head = new Head();
