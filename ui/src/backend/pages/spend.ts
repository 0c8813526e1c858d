// The Spend page's commands, answered from what Rust wrote down (crates/engine/tests/screens_spend.rs).

import type { Comparison, LedgerPage, SpendPage } from "../../bindings.gen";
import type { Answers, Fixture } from "../fixtures";
import { written } from "../written";
import byClient from "../written/spend-client.json";
import capless from "../written/spend-capless.json";
import compared from "../written/spend-hypothetical.json";
import empty from "../written/spend-empty.json";
import ledger from "../written/spend-ledger.json";
import ledgerOne from "../written/spend-ledger-one.json";
import ledgerReached from "../written/spend-reached-ledger.json";
import month from "../written/spend.json";
import reached from "../written/spend-reached.json";
import today from "../written/spend-today.json";

/** What the page shows; a state of the window may replace any of it. */
export type SpendFixture = { page: SpendPage; client: SpendPage; today: SpendPage; ledger: LedgerPage; compared: Comparison };

export function spendFixture(now: number): SpendFixture {
  return { page: written(month, now), client: written(byClient, now), today: written(today, now), ledger: written(ledger, now), compared: written(compared, now) };
}

const NO_ROWS: LedgerPage = { rows: [], next: null, sums: { rows: 0, input: 0, cached: 0, output: 0, reasoning: 0, charged: { micros: 0, text: "$0.00" }, held: { micros: 0, text: "$0.00" } }, clients: [], models: [], classes: [] };

export const spendAnswers = {
  spend({ period, by }, { spend }) {
    if (period.kind === "today") return spend.today;
    return by === "client" ? spend.client : spend.page;
  },
  ledger({ filter, after }, { spend }) {
    const all = spend.ledger;
    // A second page as Rust would give it; the sums stay those of all rows.
    if (after !== null) return { ...all, rows: all.rows.slice(40), next: null };
    const text = filter.text.toLowerCase();
    const fits = all.rows.filter((row) => `${row.class} ${row.provider}/${row.model} ${row.client} ${row.request}`.toLowerCase().includes(text) && (filter.client === null || row.client === filter.client) && (filter.mark === null || row.settled_by === filter.mark));
    if (fits.length === all.rows.length) return { ...all, rows: all.next === null ? all.rows : all.rows.slice(0, 40) };
    return { ...NO_ROWS, clients: all.clients, models: all.models, classes: all.classes, rows: fits, sums: { ...NO_ROWS.sums, rows: fits.length } };
  },
  spend_compare: ({ model }, { spend }) => ({ ...spend.compared, model }),
  cap_put({ identity, cap }, state, news) {
    if (!/^\$?\d+(\.\d{1,6})?$/.test(cap.limit.trim())) return { faults: [{ field: "limit", sentence: "The limit must be an amount in US dollars such as 2 or 0.50." }], saved: null };
    const card = state.spend.page.caps.find((one) => one.identity === identity);
    if (card) Object.assign(card, { on_hit: cap.on_hit });
    queueMicrotask(() => news("policy"));
    return { faults: [], saved: { state: "acts", sentence: "The edit is active.", hash: "h", theirs: null, checks: [] } };
  },
  cap_remove({ identity }, state, news) {
    state.spend.page.caps = state.spend.page.caps.filter((one) => one.identity !== identity);
    queueMicrotask(() => news("policy"));
    return { faults: [], saved: { state: "acts", sentence: "The edit is active.", hash: "h", theirs: null, checks: [] } };
  },
  cap_raise: () => ({ done: true, sentence: "$1.00 more until the day ends." }),
  ledger_export: ({ format }) => ({ done: true, sentence: `Wrote 150 rows, $8.82 in all, to /home/ada/pointsman-ledger-2026-11-01-to-2026-11-30.${format}.` }),
} satisfies Partial<Answers>;

type With = (change: (state: Fixture, now: number) => void) => (now: number) => Fixture;

/** The states of the Spend page. */
export const spendFixtures = (with_: With) => ({
  "spend-empty": with_((state, now) => {
    state.spend.page = written(empty, now);
    state.spend.ledger = NO_ROWS;
  }),
  "spend-reached": with_((state, now) => {
    state.spend.page = written(reached, now);
    state.spend.ledger = written(ledgerReached, now);
  }),
  "spend-capless": with_((state, now) => {
    state.spend.page = written(capless, now);
    state.spend.ledger = written(ledgerOne, now);
  }),
  "spend-raised": with_((state) => {
    const cap = state.spend.page.caps[0]!;
    Object.assign(cap, { limit: { micros: 2_000_000, text: "$2.00" }, raised: { micros: 1_000_000, text: "$1.00" }, used_bp: 2_567, held_bp: 1_316, left: { micros: 1_223_000, text: "$1.22" } });
  }),
  "spend-ruleless": with_((state) => {
    Object.assign(state.spend.page, { caps: [], caps_trouble: "routing.yaml line 14, column 7: max_tokens must be a whole number." });
  }),
  "spend-long": with_((state) => {
    const long = "openrouter/anthropic/claude-sonnet-5-5-with-a-very-long-name-20261101";
    Object.assign(state.spend.page.caps[2]!, { scope: "model", name: long, account: long, account_title: long });
    Object.assign(state.spend.page.series[0]!, { name: long, title: long.slice(11) });
    for (const row of state.spend.ledger.rows) Object.assign(row, { model: long.slice(11), provider: "openrouter", client_title: "quarterly-report-of-the-whole-group", class: "summarize_the_long_thread_of_last_year" });
  }),
  "spend-paged": with_((state) => {
    state.spend.ledger.next = "1-1";
  }),
});
