// What was typed about models and not saved, by model: it stays while another model is shown.

import type { ModelForm } from "../bindings.gen";

export class Drafts {
  #all = $state<Record<string, ModelForm>>({});
  readonly ids = $derived(Object.keys(this.#all));

  of(id: string): ModelForm | undefined {
    return this.#all[id];
  }

  /** Lays a change over what is written; typed back to that, it is no draft any more. */
  type(id: string, written: ModelForm, change: Partial<ModelForm>): void {
    const next = { ...(this.#all[id] ?? written), ...change };
    const same = (Object.keys(next) as (keyof ModelForm)[]).every((key) => next[key] === written[key]);
    if (same) delete this.#all[id];
    else this.#all[id] = next;
  }

  drop(id: string): void {
    delete this.#all[id];
  }
}
