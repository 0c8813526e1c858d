// The states of an install that the pages must be able to show. Amounts are made up; this is test material.

import type { ActivityPage, ApprovalAsk, ClientCard, ClientsPage, Commands, ConnectPlan, KeysPage, Money, MoneyBar, Overview, ProblemRow, RequestDetail, Status, Topic } from "../bindings.gen";
import type { Denial } from "./index";
import { aDay, activityAnswers, manyDays } from "./pages/activity";
import { approvalAnswers, approvals } from "./pages/approval";
import { policyAnswers, policyFixtures, policyState, type PolicyState } from "./pages/policy";
import { profileAnswers } from "./pages/profile";
import { spendAnswers, spendFixture, spendFixtures, type SpendFixture } from "./pages/spend";
import { keylessState, many, modelsAnswers, modelsState, type ModelsState } from "./pages/models";
import { MIN, HOUR, usd, bar, midnight, nextMonth, requests, PROVIDERS, keyRows, PATH, client, DIFF, plan, POLICY_DIFF, PROBLEMS } from "./samples";

export type Answers = {
  [C in keyof Commands]: (args: Commands[C]["args"], state: Fixture, news: (...topics: Topic[]) => void) => Commands[C]["result"];
};

export type Fixture = {
  status: Status;
  overview: Overview;
  keys: KeysPage;
  clients: ClientsPage;
  activity: ActivityPage;
  /** What is known in depth. */
  requests: RequestDetail[];
  /** What waits for the person in the approval window, in order. */
  approvals: ApprovalAsk[];
  plan: ConnectPlan;
  models: ModelsState;
  policy: PolicyState;
  spend: SpendFixture;
  /** How long each answer takes, in ms. */
  delay: number;
  /** Commands that never answer. */
  hang: string[];
  /** Commands that are denied. */
  deny: Partial<Record<string, Denial>>;
  commands: Answers;
};

function base(now: number): Fixture {
  const rows = requests(now);
  return {
    status: { running: "running", problems: 0, key_problems: 0, client_problems: 0, paused: null, practice: false, today: usd(1_420_000), day_limit: usd(5_000_000), day_used_bp: 2840, profiles: [], profile: null, store_name: "GNOME Keyring", version: "0.1.0" },
    overview: {
      readable: true,
      today: bar(1_420_000, 50_000, 5_000_000, midnight(now, 1)), month: bar(23_100_000, 50_000, 50_000_000, nextMonth(now)),
      hours: [6, 8, 3, 0, 2, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4, 7, 9, 5, 2, 11, 5], requests_24h: 68, problems: [],
      recent: rows.slice(0, 5), clients: [{ id: "claude-desktop", title: "Claude Desktop", state: "connected", last_call_ms: now - 2 * MIN }],
      draft: null, policy_path: "~/.local/share/pointsman/routing.yaml",
    },
    keys: { store: { state: "ready", name: "GNOME Keyring", sentence: "" }, rows: keyRows(now).filter((row) => row.state !== "refused"), providers: PROVIDERS },
    clients: { clients: [client(now)] },
    activity: { rows, today_requests: 44, today: usd(1_420_000), older: null },
    requests: [],
    approvals: [],
    plan: plan(),
    models: modelsState(now),
    policy: policyState(now),
    spend: spendFixture(now),
    delay: 0,
    hang: [],
    deny: {},
    commands,
  };
}

const commands: Answers = {
  ...activityAnswers,
  ...approvalAnswers,
  ...policyAnswers,
  ...modelsAnswers,
  ...profileAnswers,
  ...spendAnswers,
  status: (_, state) => state.status,
  overview: (_, state) => state.overview,
  keys: (_, state) => state.keys,
  key_add({ provider, secret }, state, news) {
    const choice = PROVIDERS.find((one) => one.id === provider)!;
    if (secret.includes("bad")) return { stored: false, state: "refused", sentence: `${choice.title} refused the key (401). It was not stored.` };
    const row = { ...keyRows(Date.now())[0]!, provider, title: choice.title, origin: choice.origin, last4: secret.slice(-4), checked_ms: Date.now() };
    state.keys.rows = [row, ...state.keys.rows.filter((one) => one.provider !== provider)];
    queueMicrotask(() => news("key"));
    return { stored: true, state: "valid", sentence: `The ${choice.title} key works with 24 models and is stored in GNOME Keyring.` };
  },
  key_check({ provider }, state) {
    const row = state.keys.rows.find((one) => one.provider === provider)!;
    row.checked_ms = Date.now();
    if (row.state === "not_checked") row.state = "valid";
    return { stored: true, state: row.state, sentence: `The ${row.title} key was checked.` };
  },
  key_delete({ provider }, state, news) {
    const row = state.keys.rows.find((one) => one.provider === provider)!;
    state.keys.rows = state.keys.rows.filter((one) => one !== row);
    queueMicrotask(() => news("key"));
    return { stored: false, state: "missing", sentence: `The ${row.title} key is deleted from GNOME Keyring.` };
  },
  keychain_unlock(_, state, news) {
    state.keys.store = { state: "ready", name: "GNOME Keyring", sentence: "" };
    for (const row of state.keys.rows) if (row.state === "locked") row.state = "valid";
    queueMicrotask(() => news("key"));
    return state.keys.store;
  },
  clients: (_, state) => state.clients,
  connect_plan({ replace }, state) {
    if (!state.plan.taken) return state.plan;
    return replace ? { ...state.plan, hash: "replaced", name: "pointsman", added: 2, removed: 2 } : state.plan;
  },
  connect_apply(_, state, news) {
    Object.assign(state.clients.clients[0]!, client(Date.now(), { state: "waiting", running: false, hello_ms: null, last_call_ms: null, backups: state.plan.backup ? 1 : 0 }));
    queueMicrotask(() => news("client"));
    return { done: true, sentence: `The entry \`${state.plan.name}\` is in the file. Start Claude Desktop to use it.`, backup: state.plan.backup || null };
  },
  disconnect_plan: (_, state) => ({ ...state.plan, hash: "gone", diff: DIFF.map((l) => ({ ...l, kind: l.kind === "add" ? "del" : l.kind === "del" ? "add" : l.kind })), added: 1, removed: 5 }),
  disconnect_apply(_, state, news) {
    Object.assign(state.clients.clients[0]!, { state: "not_connected", entry: null });
    queueMicrotask(() => news("client"));
    return { done: true, sentence: "Our entry is removed. The file is byte for byte as it was before Connect.", backup: state.plan.backup };
  },
  client_test: () => ({ works: true, sentence: "The command started, said hello and listed its tools in 41 ms.", tools: ["chat_completion", "llm_route", "llm_routing_info", "spend_report"], hello_ms: 41 }),
  client_close(_, state) {
    state.plan.running = false;
    state.clients.clients[0]!.running = false;
    return { done: true, sentence: "Claude Desktop is closed.", backup: null };
  },
  client_open: (_, state) => {
    state.clients.clients[0]!.running = true;
    return { done: true, sentence: "Claude Desktop is starting.", backup: null };
  },
  pause({ span }, state, news) {
    const now = Date.now();
    state.status.paused = { until_ms: span === "hour" ? now + HOUR : span === "tomorrow" ? midnight(now, 1) : null };
    state.status.running = "paused";
    queueMicrotask(() => news("pause"));
    return state.status;
  },
  resume(_, state, news) {
    state.status.paused = null;
    state.status.running = "running";
    queueMicrotask(() => news("pause"));
    return state.status;
  },
  draft_activate(_, state, news) {
    state.overview.draft = null;
    queueMicrotask(() => news("policy"));
    return { done: true, sentence: "The edit is active." };
  },
  draft_discard(_, state, news) {
    state.overview.draft = null;
    queueMicrotask(() => news("policy"));
    return { done: true, sentence: "The active version is back in routing.yaml. The edit is kept beside it." };
  },
  policy_open: () => ({ done: true, sentence: "routing.yaml is open in your editor." }),
  page_ready: () => null,
};

function with_(change: (state: Fixture, now: number) => void): (now: number) => Fixture {
  return (now) => {
    const state = base(now);
    change(state, now);
    return state;
  };
}

const onlyClient = (over: Partial<ClientCard>, and?: (state: Fixture) => void) =>
  with_((state, now) => {
    state.clients.clients = [client(now, over)];
    and?.(state);
  });
const NEW: Partial<ClientCard> = { state: "not_connected", hello_ms: null, last_call_ms: null, calls_today: 0, backups: 0, entry: null, running: false };

export const fixtures: Record<string, (now: number) => Fixture> = {
  ...Object.fromEntries(Object.entries(policyFixtures).map(([name, change]) => [name, with_(change)])),
  busy: base,
  day: with_((state, now) => {
    const { page, details } = aDay(now);
    state.activity = page;
    state.requests = details;
  }),
  many: with_((state, now) => {
    state.activity = manyDays(now, 430);
  }),
  ...Object.fromEntries(Object.entries(approvals).map(([name, asks]) => [name, with_((state, now) => {
    state.approvals = asks(now);
    // Rust never hears that it is painted, so the buttons rest.
    if (name === "approval-resting") state.hang = ["approval_shown"];
  })])),
  ...spendFixtures(with_),
  empty: with_((state, now) => {
    Object.assign(state.status, { today: usd(0), day_used_bp: 0, problems: 1, key_problems: 1, running: "stopped" });
    Object.assign(state.overview, {
      today: bar(0, 0, 2_000_000, midnight(now, 1)), month: bar(0, 0, 10_000_000, nextMonth(now)), hours: Array(24).fill(0), requests_24h: 0, recent: [],
      problems: [{ id: "key", lamp: "stop", title: "No provider has a key", detail: "Calls are refused until one has.", action: { kind: "open_keys", label: "Add a key", target: null } }],
      clients: [{ id: "claude-desktop", title: "Claude Desktop", state: "not_connected", last_call_ms: null }],
    });
    state.keys.rows = [];
    Object.assign(state.models, keylessState(now));
    state.clients.clients = [client(now, { ...NEW, others: [] })];
    state.activity = { rows: [], today_requests: 0, today: usd(0), older: null };
  }),
  keyless: with_((state) => {
    state.keys.rows = ["openai", "deepseek"].map((id) => ({ ...state.keys.rows[0]!, provider: id, title: id === "openai" ? "OpenAI" : "DeepSeek", last4: null, fingerprint: null, state: "missing", checked_ms: null, models: null, month: usd(0), message: null, classes: ["summarize"] }));
  }),
  problems: with_((state, now) => {
    Object.assign(state.status, { running: "attention", problems: 2, key_problems: 1, client_problems: 1 });
    state.overview.problems = PROBLEMS;
    state.overview.clients[0]!.state = "drifted";
    state.keys.rows = keyRows(now);
    state.clients.clients = [client(now, { state: "drifted", entry: null, hello_ms: now - 26 * HOUR })];
  }),
  draft: with_((state) => {
    Object.assign(state.status, { running: "attention", problems: 1 });
    state.overview.draft = { hash: "d1", seen_ms: Date.now() - 7 * MIN, widens: ["The day cap for all calls rises from $5.00 to $25.00.", "DeepSeek calls would go to `proxy.example.net` instead of `api.deepseek.com`."], diff: POLICY_DIFF };
  }),
  full: with_((state, now) => {
    Object.assign(state.status, { running: "attention", problems: 1, day_used_bp: 9960 });
    state.overview.today = bar(5_000_000, 0, 5_000_000, midnight(now, 1));
    state.overview.month = bar(41_700_000, 0, 50_000_000, nextMonth(now));
    state.overview.problems = [{ id: "cap:day", lamp: "stop", title: "The day cap is reached", detail: "$5.00 of $5.00 used. Such calls are refused until 00:00.", action: { kind: "open_spend", label: "Open the cap", target: "all::day:1000000:block-" } }];
  }),
  caps: with_((state, now) => {
    Object.assign(state.status, { running: "attention", problems: 6, day_limit: usd(6_000_000), day_used_bp: 8483 });
    state.overview.today = bar(5_090_000, 150_000, 6_000_000, midnight(now, 1), 1_000_000);
    state.overview.month = { ...bar(41_700_000, 0, null, nextMonth(now)), warns_at: usd(40_000_000) };
    const row = (id: string, lamp: ProblemRow["lamp"], title: string, detail: string): ProblemRow => ({ id: `cap-${id}`, lamp, title, detail, action: { kind: "open_spend", label: "Open the cap", target: id } });
    state.overview.problems = [
      row("client", "stop", "The hour cap for the client claude-desktop is reached", "$0.50 of $0.50 used. Such calls are refused until 15:00."),
      row("ask", "stop", "The week cap for the project quarterly-report-of-the-whole-group is reached", "$4.00 of $4.00 used. It says ask, which this version cannot do yet, so such calls are refused until 23 November."),
      row("local", "caution", "The total cap for openrouter/anthropic/claude-sonnet-5-5-with-a-very-long-name-20261101 is reached", "$3.02 of $3.00 used. Only models of this machine answer."),
      row("warn", "caution", "The month cap is reached", "$41.70 of $40.00 used. Calls go on, each with a warning. It resets on 1 December."),
      row("raised", "caution", "The day cap is 84 % used", "$5.09 of $6.00 used, with $1.00 that was added once. It resets at 00:00."),
      row("alert", "caution", "The week cap for the task class code_review is 62 % used", "$1.24 of $2.00 used. It resets on 23 November."),
    ];
  }),
  capless: with_((state, now) => {
    state.overview.today = bar(1_420_000, 0, null, midnight(now, 1));
    state.overview.month = bar(23_100_000, 0, null, nextMonth(now));
    Object.assign(state.status, { day_limit: null, day_used_bp: 0 });
  }),
  paused: with_((state, now) => {
    Object.assign(state.status, { running: "paused", paused: { until_ms: now + HOUR }, problems: 1 });
    state.overview.problems = [{ id: "pause", lamp: "caution", title: "Spending is paused", detail: "Every call is refused until you resume.", action: { kind: "resume", label: "Resume spending", target: null } }];
  }),
  profiled: with_((state) => void Object.assign(state.status, { profiles: ["balanced", "travel"], profile: "travel" })),
  profiledLong: with_((state) => {
    const name = "everything-stays-on-the-machines-of-the-berlin-office";
    Object.assign(state.status, { running: "attention", problems: 2, profiles: ["balanced", name], profile: name });
  }),
  led: with_((state) => {
    state.commands = { ...state.commands, page_ready: () => ({ page: "keys", anchor: "openai" }) };
  }),
  practice: with_((state) => {
    state.status.practice = true;
  }),
  locked: with_((state) => {
    Object.assign(state.status, { running: "stopped", problems: 1, key_problems: 1 });
    state.keys.store = { state: "locked", name: "GNOME Keyring", sentence: "" };
    for (const row of state.keys.rows) if (row.source === "keychain") Object.assign(row, { state: "locked", last4: null, fingerprint: null, models: null, checked_ms: null });
    state.overview.problems = [{ id: "keychain", lamp: "stop", title: "The keychain is locked", detail: "Calls are refused until it is unlocked.", action: { kind: "unlock_keychain", label: "Unlock", target: null } }];
  }),
  storeless: with_((state) => {
    state.keys.store = { state: "missing", name: "password store", sentence: "Install and start GNOME Keyring or KWallet, or name an environment variable under `providers` in routing.yaml." };
    for (const row of state.keys.rows) if (row.source === "keychain") Object.assign(row, { state: "locked", models: null, checked_ms: null, message: "No password store is running, so no key can be read or kept." });
  }),
  unreachable: with_((state) => {
    Object.assign(state.keys.rows[0]!, { state: "no_credit", message: "OpenAI says the account has no credit (402). Add credit there, then check again." });
    Object.assign(state.keys.rows[1]!, { state: "other_origin", message: "This key was stored for openrouter.ai and routing.yaml now names proxy.example.net. It is not sent there." });
    state.deny.key_check = { code: "network", sentence: "api.x.ai could not be reached: the name was not found. Look at the network and check again." };
  }),
  down: with_((state) => {
    const denial = { code: "ledger_unavailable", sentence: "The ledger cannot be read: the disk is full. Make room, then try again." };
    for (const cmd of ["overview", "keys", "models", "clients", "activity", "spend", "ledger", "status"]) state.deny[cmd] = denial;
  }),
  ledgerless: with_((state, now) => {
    const none: Money = { micros: 0, text: "–" };
    const unknown = (resets_ms: number): MoneyBar => ({ used: none, held: none, left: null, limit: null, raised: null, warns_at: null, used_bp: 0, held_bp: 0, resets_ms });
    Object.assign(state.status, { running: "stopped", problems: 1, today: none, day_limit: null, day_used_bp: 0 });
    Object.assign(state.overview, {
      readable: false, today: unknown(midnight(now, 1)), month: unknown(nextMonth(now)), hours: [], requests_24h: 0, recent: [], clients: [],
      problems: [{ id: "ledger", lamp: "stop", title: "The ledger cannot be used", detail: "The ledger cannot be used (disk I/O error), and without it no cap can hold, so the call is refused. Check that the disk has room and the home folder can be written, or run `pointsman doctor`.", action: null }],
    });
  }),
  slow: with_((state) => {
    state.hang = ["overview", "keys", "models", "policy", "clients", "activity", "spend", "ledger"];
  }),
  crowded: with_((state) => {
    state.models.page = many(state.models.page);
  }),
  waits: with_((state) => {
    state.models.saved = { ...state.models.saved, state: "waits", sentence: "Nothing changed. The edit still waits." };
  }),
  reckoned: with_((state) => {
    for (const card of state.models.cards) card.reckoned_otherwise = 3;
  }),
  fresh: onlyClient(NEW),
  fileless: onlyClient({ ...NEW, others: [] }, (state) => Object.assign(state.plan, { backup: "", removed: 0 })),
  waiting: onlyClient({ state: "waiting", hello_ms: null, last_call_ms: null, backups: 1, running: false, calls_today: 0, today: usd(0) }),
  changed: onlyClient({
    state: "drifted",
    entry: '{"command":"/home/kim/.local/share/pointsman/bin/pointsman","args":["mcp","--home","/mnt/old","--client","claude-desktop","--project","work"],"env":{"TEAM":"•••"}}',
  }, (state) => (state.plan.keeps_secrets = true)),
  unreadable: onlyClient({
    state: "unreadable", entry: null, others: [], last_call_ms: null,
    error: { line: 23, column: 6, sentence: "unexpected `,`.", first_line: 22, lines: ['      "args": ["-y", "@acme/issues-mcp"]', "    },,", '    "postgres": {'] },
  }),
  readonly: onlyClient({ ...NEW, state: "read_only" }),
  absent: onlyClient({ ...NEW, state: "not_installed", path: "", paths: [], looked_in: [PATH, "~/.var/app/com.anthropic.Claude/config/Claude/claude_desktop_config.json"] }),
  twice: onlyClient({
    ...NEW, path: "%LOCALAPPDATA%\\Packages\\Claude_pzs8sxrjxfjjc\\LocalCache\\Roaming\\Claude\\claude_desktop_config.json",
    paths: ["%LOCALAPPDATA%\\Packages\\Claude_pzs8sxrjxfjjc\\LocalCache\\Roaming\\Claude\\claude_desktop_config.json", "%APPDATA%\\Claude\\claude_desktop_config.json"],
  }),
  running: onlyClient({ ...NEW, running: true }, (state) => (state.plan.running = true)),
  taken: onlyClient(NEW, (state) => Object.assign(state.plan, { name: "pointsman-2", taken: '{\n  "command": "docker",\n  "args": ["run", "railway/pointsman-sim"]\n}' })),
  done: onlyClient(NEW, (state) => (state.plan.nothing_to_do = true)),
  moved: onlyClient(NEW, (state) => (state.deny.connect_apply = { code: "invalid_request", sentence: "The file changed after it was shown. Nothing was written. Read it again and look at the new change." })),
};
