// The bars of the Spend page: their words and which of them are named on the axis. Amounts and their texts come from
// Rust; nothing here adds money.

import type { Bucket, BucketUnit, SpendPage, SpendPeriod } from "../bindings.gen";
import { t, type Key } from "./i18n";
import { clockTime, dayOfText, longDate, monthAndYear, monthOf, shortDate } from "./time";

/** What a bar is called on the axis and in the table: `09:00`, `8 Nov`, `November`. */
export function barName(bucket: Bucket, unit: BucketUnit): string {
  if (unit === "hour") return clockTime(bucket.start_ms);
  return unit === "month" ? monthOf(bucket.start_ms) : shortDate(bucket.start_ms);
}

/** The same in a sentence: `17 November`. */
export function barLongName(bucket: Bucket, unit: BucketUnit): string {
  return unit === "day" || unit === "week" ? longDate(bucket.start_ms) : barName(bucket, unit);
}

/** Which bars are named on an axis with room for about so many names. */
export function named(count: number, unit: BucketUnit, room: number): number[] {
  const wanted = unit === "hour" ? 6 : unit === "day" && count > 8 ? 7 : 1;
  const step = Math.max(wanted, Math.ceil(count / Math.max(1, room)));
  return Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
}

/** `November 2026`, `Last 7 days`, `3 Nov to 9 Nov`. */
export function periodName(period: SpendPeriod, page: SpendPage): string {
  if (period.kind === "month" || period.kind === "last_month") return monthAndYear(dayOfText(page.from));
  if (period.kind === "between") return t("spend.days", { from: shortDate(dayOfText(page.from)), to: shortDate(dayOfText(page.to)) });
  return t(`spend.period.${period.kind}` as Key);
}

/** The chart in one sentence. */
export function spoken(title: string, page: SpendPage): string {
  const by = t(`spend.by.${page.by}`);
  const most = page.buckets.reduce<Bucket | undefined>((a, b) => (a && a.total.micros >= b.total.micros ? a : b), undefined);
  const all = { title, by, amount: page.total.text };
  if (!most || most.total.micros <= 0) return t("spend.spoken", all);
  return t("spend.spoken.most", { ...all, when: barLongName(most, page.unit), most: most.total.text });
}

/** The first bar that has not begun, where the days to come of this month are shown. */
export function toCome(page: SpendPage, period: SpendPeriod): number | undefined {
  const first = page.buckets.findIndex((bucket) => bucket.to_come);
  return period.kind === "month" && page.unit === "day" && page.forecast.range && first > 0 ? first : undefined;
}
