// Times, durations and counts as text, all through Intl. `now` is a parameter, so that tests and pages agree.

import { language, t } from "./i18n";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const made = new Map<string, Intl.DateTimeFormat>();

function format(at: number, options: Intl.DateTimeFormatOptions): string {
  const key = `${language()} ${JSON.stringify(options)}`;
  let it = made.get(key);
  if (!it) made.set(key, (it = new Intl.DateTimeFormat(language(), options)));
  return it.format(at);
}

function day(at: number): number {
  const d = new Date(at);
  return Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) / 86_400_000;
}

/** `14:21`, or `2:21 PM` where that is the custom. */
export function clockTime(at: number): string {
  return format(at, { timeStyle: "short" });
}

/** `1 Dec`. */
export function shortDate(at: number): string {
  return format(at, { day: "numeric", month: "short" });
}

/** `17 November`. */
export function longDate(at: number): string {
  return format(at, { day: "numeric", month: "long" });
}

/** `November`. */
export function monthOf(at: number): string {
  return format(at, { month: "long" });
}

/** `November 2026`. */
export function monthAndYear(at: number): string {
  return format(at, { month: "long", year: "numeric" });
}

/** Noon of a day that is written `2026-11-21`: for showing the day, whatever the zone. */
export function dayOfText(text: string): number {
  const [year = 0, month = 1, date = 1] = text.split("-").map(Number);
  return new Date(year, month - 1, date, 12).getTime();
}

/** `Monday`, of an instant less than a week ahead; else `1 Dec`. */
export function weekdayOrDate(at: number, now: number): string {
  return at - now < 7 * 24 * HOUR ? format(at, { weekday: "long" }) : shortDate(at);
}

/** `November`, of the window that ends at `resets`. */
export function monthEnding(resets: number): string {
  return format(resets - 1, { month: "long" });
}

/** `today 14:02`, `yesterday 09:15`, `12 Nov, 09:15`. */
export function dayAndTime(at: number, now: number): string {
  const ago = day(now) - day(at);
  const time = clockTime(at);
  if (ago === 0) return t("time.today", { time });
  if (ago === 1) return t("time.yesterday", { time });
  if (ago === -1) return t("time.tomorrow", { time });
  return t("time.date", { date: shortDate(at), time });
}

/** `18:00` today, `tomorrow 00:00`, `3 Dec, 00:00`: for "until …". */
export function until(at: number, now: number): string {
  return day(at) === day(now) ? clockTime(at) : dayAndTime(at, now);
}

/** Whether both are on the same day here. */
export function sameDay(a: number, b: number): boolean {
  return day(a) === day(b);
}

/** `just now`, `2 min ago`, `3 h ago`, then the day. */
export function ago(at: number, now: number): string {
  const past = Math.max(0, now - at);
  if (past < MINUTE) return t("time.now");
  if (past < HOUR) return t("time.min.ago", { n: Math.floor(past / MINUTE) });
  if (past < 24 * HOUR) return t("time.hour.ago", { n: Math.floor(past / HOUR) });
  return dayAndTime(at, now);
}

/** `2 min`, `3 h`, `12 Nov`: the same where there is little room. */
export function since(at: number, now: number): string {
  const past = Math.max(0, now - at);
  if (past < MINUTE) return t("time.now.short");
  if (past < HOUR) return t("time.min", { n: Math.floor(past / MINUTE) });
  if (past < 24 * HOUR) return t("time.hour", { n: Math.floor(past / HOUR) });
  return shortDate(at);
}

/** `0.8 s`, `13.6 s`, `2 min 5 s`; what is too short to tell is `< 0.1 s`. */
export function duration(ms: number): string {
  if (ms < 50) return t("time.short", { n: tenths(0.1) });
  if (ms < 59_950) return t("time.seconds", { n: tenths(ms / 1000) });
  const seconds = Math.round(ms / 1000);
  return t("time.minutes", { minutes: Math.floor(seconds / 60), seconds: seconds % 60 });
}

/** `0.0 s`, `4.4 s`, `2 min 5 s`: how long after something began. */
export function offset(ms: number): string {
  return ms < 59_950 ? t("time.seconds", { n: tenths(Math.max(0, ms) / 1000) }) : duration(ms);
}

/** `14:19:06`. */
export function clockSeconds(at: number): string {
  return format(at, { timeStyle: "medium" });
}

/** `4 s`: the seconds of something that still runs. */
export function elapsed(ms: number): string {
  return t("time.seconds", { n: count(Math.max(0, Math.floor(ms / 1000))) });
}

function tenths(n: number): string {
  return new Intl.NumberFormat(language(), { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(n);
}

/** `4,188`. */
export function count(n: number): string {
  return new Intl.NumberFormat(language()).format(n);
}

/** `200 k`, `1.05 M`, `8,192`: tokens where there is little room. */
export function tokensShort(n: number): string {
  const short = (value: number, digits: number) => new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(value);
  if (n >= 1_000_000) return t("tokens.millions", { n: short(n / 1_000_000, 2) });
  return n >= 10_000 ? t("tokens.thousands", { n: short(n / 1_000, 0) }) : count(n);
}

/** `30 Oct`, of a day written as `2026-10-30`. */
export function dayOfYear(day: string): string {
  const at = Date.parse(`${day}T12:00:00`);
  return Number.isNaN(at) ? day : shortDate(at);
}

/** `30 Oct 2026`, of a day written as `2026-10-30`. */
export function fullDate(day: string): string {
  const at = Date.parse(`${day}T12:00:00`);
  return Number.isNaN(at) ? day : format(at, { day: "numeric", month: "short", year: "numeric" });
}

/** `28 %` from basis points, rounded down: 100 % is shown only when it is full. */
export function percent(basisPoints: number): string {
  return new Intl.NumberFormat(language(), { style: "percent" }).format(Math.floor(basisPoints / 100) / 100);
}
