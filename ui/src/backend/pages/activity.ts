// The Activity page's commands, answered from what Rust wrote down of a day of real calls.

import type { ActivityPage, RequestDetail, RequestRow } from "../../bindings.gen";
import type { Answers, Fixture } from "../fixtures";
import { written } from "../written";
import day from "../written/activity-day.json";
import adjusted from "../written/request-adjusted.json";
import answered from "../written/request-answered.json";
import assumed from "../written/request-assumed.json";
import cancelled from "../written/request-cancelled.json";
import denied from "../written/request-denied.json";
import failed from "../written/request-failed.json";
import fallback from "../written/request-fallback.json";
import interrupted from "../written/request-interrupted.json";
import kept from "../written/request-kept.json";
import local from "../written/request-local.json";
import long from "../written/request-long.json";
import mended from "../written/request-mended.json";
import running from "../written/request-running.json";

/** Rows of one page, as in Rust. */
const PAGE = 200;

const DETAILS = { adjusted, answered, assumed, cancelled, denied, failed, fallback, interrupted, kept, local, long, mended, running };

/** The day as it ended just now: its list, and the detail of each request. */
export function aDay(now: number): { page: ActivityPage; details: RequestDetail[] } {
  // All of them on the clock of the list.
  const details = Object.values(DETAILS).map((file) => written<RequestDetail>({ now: day.now, answer: file.answer }, now));
  return { page: written<ActivityPage>(day, now), details };
}

/** The day over and over, until there are more rows than one page has. */
export function manyDays(now: number, count: number): ActivityPage {
  const { page } = aDay(now);
  const rows = Array.from({ length: count }, (_, i): RequestRow => {
    const row = page.rows[1 + (i % (page.rows.length - 1))]!;
    return { ...row, id: `${row.id}-${i}`, at_ms: now - i * 90_000 };
  });
  return { ...page, rows, today_requests: count };
}

const place = (row: RequestRow) => `${row.at_ms} ${row.id}`;

export const activityAnswers = {
  activity({ filter, client: id, state: wanted, before }, state: Fixture) {
    const text = filter.toLowerCase();
    const fits = (row: RequestRow) => `${row.class} ${row.model} ${row.client_title}`.toLowerCase().includes(text) && (!id || row.client === id) && (!wanted || row.state === wanted);
    const all = state.activity.rows.filter(fits);
    const from = before === null ? 0 : all.findIndex((row) => place(row) === before) + 1;
    const rows = all.slice(from, from + PAGE);
    const more = all.length > from + PAGE;
    return { ...state.activity, rows, older: more ? place(rows.at(-1)!) : null };
  },
  request({ id }, state: Fixture) {
    const found = state.requests.find((one) => one.row.id === id);
    if (found) return found;
    throw { code: "not_found", sentence: "This request is not in the ledger." };
  },
} satisfies Partial<Answers>;
