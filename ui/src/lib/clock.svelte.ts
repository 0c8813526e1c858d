// The time as pages show it. One timer for all; a page that shows running seconds asks for them.

class Clock {
  /** Milliseconds since 1970; moves every 30 s, or every second while somebody needs it. */
  now = $state(Date.now());
  #seconds = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Starts the slow tick; the window lives as long as it does. */
  start(): void {
    this.#restart();
  }

  /** Ticks each second until the returned function is called. */
  everySecond(): () => void {
    this.#seconds += 1;
    this.#restart();
    return () => {
      this.#seconds -= 1;
      this.#restart();
    };
  }

  #restart(): void {
    clearInterval(this.#timer);
    this.now = Date.now();
    this.#timer = setInterval(() => (this.now = Date.now()), this.#seconds > 0 ? 1_000 : 30_000);
  }
}

export const clock = new Clock();
