// Short good news at the corner: 5 s, paused while the pointer rests on it. Never an error's only copy.

import type { Lamp } from "../bindings.gen";

export type Toast = { id: number; lamp: Lamp; text: string };

class Toasts {
  list = $state<Toast[]>([]);
  #next = 0;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  say(text: string, lamp: Lamp = "clear"): void {
    const id = ++this.#next;
    this.list.push({ id, lamp, text });
    this.release(id);
  }

  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  release(id: number): void {
    this.#timers.set(id, setTimeout(() => this.dismiss(id), 5_000));
  }

  dismiss(id: number): void {
    this.hold(id);
    this.#timers.delete(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
