// Answers that Rust wrote down (crates/engine/tests/screens.rs), moved to the present. For the page tests only.

type Written = { now: number; answer: unknown };

/** An instant, as opposed to a length of time: after 2001 in ms since 1970. */
const INSTANT = 1e12;

/** The answer with every instant as far from `now` as it was when it was written. */
export function written<T>(file: Written, now: number): T {
  const by = now - file.now;
  const moved = (value: unknown): unknown => {
    if (typeof value === "number") return value > INSTANT ? value + by : value;
    if (Array.isArray(value)) return value.map(moved);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, /(_ms|^at|^now)$/.test(key) || typeof inner === "object" ? moved(inner) : inner]));
  };
  return moved(file.answer) as T;
}
