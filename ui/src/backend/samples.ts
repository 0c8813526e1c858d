// What the fixtures are made of: amounts, requests, keys, a client, an edit. All made up; this is test material.

import type { ClientCard, ConnectPlan, DiffLine, KeyRow, Money, MoneyBar, ProblemRow, ProviderChoice, RequestRow } from "../bindings.gen";

export const MIN = 60_000;
export const HOUR = 60 * MIN;

export function usd(micros: number): Money {
  const dollars = micros / 1e6;
  return { micros, text: micros !== 0 && Math.abs(micros) < 1e6 && micros % 10_000 !== 0 ? `$${dollars.toFixed(4)}` : `$${dollars.toFixed(2)}` };
}

export function bar(used: number, held: number, limit: number | null, resets_ms: number, raised = 0): MoneyBar {
  const share = (part: number) => (limit ? Math.min(10_000, Math.floor((part * 10_000) / limit)) : 0);
  return {
    used: usd(used), held: usd(held), left: limit === null ? null : usd(Math.max(0, limit - used - held)),
    limit: limit === null ? null : usd(limit), raised: raised > 0 ? usd(raised) : null, warns_at: null, used_bp: share(used), held_bp: share(held), resets_ms,
  };
}

export function midnight(now: number, days: number): number {
  const d = new Date(now);
  return new Date(d.getFullYear(), d.getMonth(), d.getDate() + days).getTime();
}

export function nextMonth(now: number): number {
  const d = new Date(now);
  return new Date(d.getFullYear(), d.getMonth() + 1, 1).getTime();
}

let ids = 0;
function request(now: number, over: Partial<RequestRow>): RequestRow {
  ids += 1;
  const row: RequestRow = {
    id: `r${ids}`, at_ms: now, client: "claude-desktop", client_title: "Claude Desktop", tool: "llm_route", class: "summarize",
    model: "gpt-6-mini", provider: "openai", tokens: 1_733, took_ms: 900, state: "answered", cost: usd(2_100), held: null,
    assumed: false, code: null, reason: "Class summarize: the first choice is openai/gpt-6-mini (L1: $0.80 for a million tokens of output).", brief: "", ...over,
  };
  return { ...row, brief: brief(row) };
}

/** As the gateway shortens a reason beside its class and model. */
function brief({ reason, class: name, provider, model }: RequestRow): string {
  const rest = reason.replace(`Class ${name}: `, "").replace(/\.$/, "").replace(`the first choice is ${provider}/${model} `, "first choice ");
  return rest.startsWith(`${provider}/${model} `) ? rest.replace(`${provider}/${model} `, "").replace(/^(is|was) /, "") : rest;
}

export function requests(now: number): RequestRow[] {
  const at = (minutes: number) => now - minutes * MIN;
  return [
    request(at(0) - 2_400, { class: "code_review", model: "gpt-6", tokens: null, took_ms: null, state: "running", cost: usd(0), held: usd(50_000), reason: "Class code_review: the first choice is openai/gpt-6 (L3: $14.00 for a million tokens of output)." }),
    request(at(3), { class: "code_review", model: "gpt-6", tokens: 6_902, took_ms: 3_100, cost: usd(41_200), reason: "Class code_review: the first choice is openai/gpt-6 (L3: $14.00 for a million tokens of output)." }),
    request(at(5), { state: "fallback", model: "deepseek-v4", provider: "deepseek", tokens: 4_188, took_ms: 6_900, cost: usd(2_100), reason: "Class summarize: the first choice is openai/gpt-6-mini (L1: $0.80 for a million tokens of output). It did not answer; deepseek/deepseek-v4 did." }),
    request(at(22), { class: "extract_json", model: "deepseek-v4", provider: "deepseek", tokens: 1_733, took_ms: 900, cost: usd(800), reason: "Class extract_json: deepseek/deepseek-v4 is the cheapest of the 3 that can answer, $0.0021 at most (L1: as routing.yaml labels it)." }),
    request(at(27), { class: "plan_change", model: "gpt-6", tokens: 9_320, took_ms: 18_400, cost: usd(113_000), client: "", client_title: "Command line", tool: "route", reason: "Class plan_change: the first choice is openai/gpt-6 (L3: $14.00 for a million tokens of output)." }),
    request(at(31), { class: "summarize_the_long_thread", state: "fallback", model: "qwen4-coder:14b", provider: "ollama", tokens: 2_210, took_ms: 5_300, cost: usd(0), reason: "Class summarize_the_long_thread: the first choice is openrouter/anthropic/claude-sonnet-5-5-with-a-very-long-name-20261101 (L3: $15.00 for a million tokens of output). A cap leaves only models of this machine; ollama/qwen4-coder:14b was asked." }),
    request(at(40), { class: "translate", model: "", provider: "", tokens: null, took_ms: 12, state: "denied", cost: usd(0), code: "cap_exceeded", reason: "The day cap of $5.00 has no room: $4.98 used, and this call may need $0.06. It resets at 00:00. The user can raise it in routing.yaml." }),
    request(at(52), { class: "second_opinion", model: "gpt-6", tokens: 1_020, took_ms: 61_700, state: "failed", cost: usd(15_300), assumed: true, code: "timeout", reason: "openai/gpt-6 did not begin to answer within 10 s. No fallback is written for second_opinion." }),
    request(at(75), { class: "chat", tool: "chat_completion", model: "anthropic/claude-sonnet-5-5-with-a-very-long-name-20261101", provider: "openrouter", tokens: 11_480, took_ms: 9_700, cost: usd(64_400), reason: "openrouter/anthropic/claude-sonnet-5-5-with-a-very-long-name-20261101 was asked for by name (L3: $15.00 for a million tokens of output)." }),
    request(at(90), { class: "summarize", state: "cancelled", tokens: null, took_ms: 1_200, cost: usd(900), assumed: true, code: "cancelled", reason: "Claude Desktop cancelled the call after it was sent." }),
    request(at(24 * 60 + 30), { class: "extract_json", model: "qwen4-coder:14b", provider: "ollama", tokens: 820, took_ms: 2_200, cost: usd(0), reason: "Class extract_json: ollama/qwen4-coder:14b is the fastest of the 2 that can answer, 412 ms to its first token (L0: it is free)." }),
    request(at(26 * 60), { class: "summarize", state: "interrupted", tokens: null, took_ms: null, cost: usd(6_800), assumed: true, code: "interrupted", reason: "The process ended before an answer was there. The worst case is charged." }),
  ];
}

const provider = (id: string, title: string, origin: string, prefixes: string[], keys_page: string): ProviderChoice => ({ id, title, origin, first: null, prefixes, keys_page });
export const PROVIDERS: ProviderChoice[] = [
  provider("anthropic", "Anthropic", "api.anthropic.com", ["sk-ant-"], "https://platform.claude.com/settings/keys"),
  {
    ...provider("azure-openai", "Azure OpenAI", "", [], "https://ai.azure.com"),
    first: "Each customer has an address of their own. Write yours as `providers.azure-openai.base_url` in routing.yaml, such as `https://RESOURCE.openai.azure.com/openai/v1`, then add the key here.",
  },
  provider("deepseek", "DeepSeek", "api.deepseek.com", ["sk-"], "https://platform.deepseek.com/api_keys"),
  provider("gemini", "Google Gemini", "generativelanguage.googleapis.com", ["AIza"], "https://aistudio.google.com/apikey"),
  provider("groq", "Groq", "api.groq.com", ["gsk_"], "https://console.groq.com/keys"),
  provider("mistral", "Mistral", "api.mistral.ai", [], "https://console.mistral.ai/api-keys"),
  provider("openai", "OpenAI", "api.openai.com", ["sk-proj-", "sk-svcacct-", "sk-"], "https://platform.openai.com/api-keys"),
  provider("openrouter", "OpenRouter", "openrouter.ai", ["sk-or-"], "https://openrouter.ai/keys"),
  provider("together", "Together AI", "api.together.xyz", [], "https://api.together.ai/settings/api-keys"),
  provider("xai", "xAI", "api.x.ai", ["xai-"], "https://console.x.ai"),
];

export function keyRows(now: number): KeyRow[] {
  return [
    { provider: "openai", title: "OpenAI", origin: "api.openai.com", source: "keychain", env: null, last4: "m0Zk", fingerprint: "31ab 7e95", state: "valid", checked_ms: now - 22 * MIN, models: 24, month: usd(15_600_000), message: null, classes: ["code_review", "plan_change"] },
    { provider: "openrouter", title: "OpenRouter", origin: "openrouter.ai", source: "keychain", env: null, last4: "8tRw", fingerprint: "c7d0 02ef", state: "rate_limited", checked_ms: now - 5 * MIN, models: 312, month: usd(4_690_000), message: null, classes: [] },
    { provider: "deepseek", title: "DeepSeek", origin: "api.deepseek.com", source: "keychain", env: null, last4: "pp3L", fingerprint: "54b8 a91c", state: "refused", checked_ms: now - 96 * MIN, models: 0, month: usd(290_000), message: "DeepSeek refused the key (401): “Authentication Fails, your api key is invalid”. Replace it.", classes: ["extract_json"] },
    { provider: "xai", title: "xAI", origin: "api.x.ai", source: "env", env: "XAI_API_KEY", last4: "Vc91", fingerprint: "77e0 11aa", state: "not_checked", checked_ms: null, models: null, month: usd(0), message: null, classes: [] },
    { provider: "ollama", title: "Ollama", origin: "127.0.0.1:11434", source: "none", env: null, last4: null, fingerprint: null, state: "valid", checked_ms: now - 4 * MIN, models: 6, month: usd(0), message: null, classes: [] },
  ];
}

export const PATH = "~/.config/Claude/claude_desktop_config.json";

export function client(now: number, over: Partial<ClientCard> = {}): ClientCard {
  return {
    id: "claude-desktop", title: "Claude Desktop", state: "connected", path: PATH, paths: [PATH], running: true,
    last_call_ms: now - 2 * MIN, hello_ms: now - 5.5 * HOUR, today: usd(1_090_000), calls_today: 31, backups: 3,
    entry: '{"command":"/home/kim/.local/share/pointsman/bin/pointsman","args":["mcp","--home","/home/kim/.local/share/pointsman","--client","claude-desktop"]}',
    others: ["issues", "postgres"], error: null, looked_in: [PATH], ...over,
  };
}

const line = (kind: DiffLine["kind"], number: number, text: string): DiffLine => ({ kind, number, text });
export const DIFF: DiffLine[] = [
  line("same", 14, '  "mcpServers": {'),
  line("same", 15, '    "issues": {'),
  line("same", 16, '      "command": "npx",'),
  line("same", 17, '      "args": ["-y", "@acme/issues-mcp"]'),
  line("del", 18, "    }"),
  line("add", 18, "    },"),
  line("add", 19, '    "pointsman": {'),
  line("add", 20, '      "command": "/home/kim/.local/share/pointsman/bin/pointsman",'),
  line("add", 21, '      "args": ["mcp", "--client", "claude-desktop"]'),
  line("add", 22, "    }"),
  line("same", 23, "  },"),
  line("same", 24, '  "preferences": {'),
  line("gap", 0, ""),
  line("same", 40, "}"),
];

export function plan(over: Partial<ConnectPlan> = {}): ConnectPlan {
  return {
    hash: "9f2c41d0", client: "claude-desktop", path: PATH, name: "pointsman", asked: "pointsman", diff: DIFF, added: 5, removed: 1,
    backup: "~/.local/share/pointsman/backups/claude-desktop/20261121-142400-9f2c.json", running: false, nothing_to_do: false, taken: null, keeps_secrets: false, ...over,
  };
}

export const POLICY_DIFF: DiffLine[] = [
  line("same", 30, "caps:"),
  line("same", 31, "  - scope: all"),
  line("same", 32, "    window: day"),
  line("del", 33, "    limit_usd: 5.00"),
  line("add", 33, "    limit_usd: 25.00"),
  line("same", 34, "    on_hit: block"),
  line("gap", 0, ""),
  line("same", 41, "providers:"),
  line("add", 42, "  deepseek:"),
  line("add", 43, "    base_url: https://proxy.example.net/v1  # faster"),
];

export const PROBLEMS: ProblemRow[] = [
  { id: "key:deepseek", lamp: "stop", title: "The DeepSeek key was refused", detail: "401 since 12:48. `extract_json` goes to its fallback.", action: { kind: "open_keys", label: "Replace key", target: "deepseek" } },
  { id: "client:claude-desktop", lamp: "caution", title: "Our entry in Claude Desktop's settings is gone", detail: `\`${PATH}\` was rewritten by another program. Claude cannot reach Pointsman.`, action: { kind: "open_clients", label: "Repair", target: "claude-desktop" } },
];
