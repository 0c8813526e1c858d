// What a model's form that is being typed comes to: asked a moment after the last letter, the newest question only.

import type { ModelForm, ModelLook } from "../bindings.gen";
import { asDenial, call, type Denial } from "../backend";

/** So that each letter is not a question. */
const PAUSE_MS = 150;

export class Look {
  value = $state.raw<ModelLook | undefined>();
  /** The model it is about. */
  of = $state("");
  error = $state.raw<Denial | undefined>();
  #asked = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #flight = 0;

  /** Asks about a form: at once for another model, else when the typing rests. The same form is not asked about twice. */
  at(id: string, form: ModelForm): void {
    const asked = JSON.stringify([id, form]);
    if (asked === this.#asked) return;
    const other = !this.#asked.startsWith(JSON.stringify([id]).slice(0, -1));
    this.#asked = asked;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(id, form), other ? 0 : PAUSE_MS);
  }

  async #ask(id: string, form: ModelForm): Promise<void> {
    const mine = ++this.#flight;
    try {
      const value = await call("model_look", { id, form });
      if (mine !== this.#flight) return;
      this.value = value;
      this.of = id;
      this.error = undefined;
    } catch (thrown) {
      if (mine === this.#flight) this.error = asDenial(thrown);
    }
  }
}
