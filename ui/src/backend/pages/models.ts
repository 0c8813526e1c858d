// The Models page's commands, answered with what Rust wrote down (crates/engine/tests/screens_models.rs and
// crates/mcp/tests/descriptions.rs).

import type { FieldProblem, ModelCard, ModelForm, ModelLook, ModelRow, ModelsPage, PolicyEdit, SaveOutcome, TryAnswer, TryOutlook } from "../../bindings.gen";
import type { Answers } from "../fixtures";
import { written } from "../written";
import cards from "../written/model.json";
import looks from "../written/model-look.json";
import trial from "../written/model-try.json";
import failed from "../written/models-refresh-failed.json";
import empty from "../written/models-empty.json";
import page from "../written/models.json";

type Look = { id: string; form: ModelForm; look: ModelLook };

/** What the fixtures of the Models page hold. */
export type ModelsState = {
  page: ModelsPage;
  /** What a refresh gives. */
  refreshed: ModelsPage;
  cards: ModelCard[];
  looks: Look[];
  trial: { outlook: TryOutlook; answer: TryAnswer; refused: TryAnswer };
  saved: SaveOutcome;
};

const ACTS: SaveOutcome = { state: "acts", sentence: "Saved. It acts from now on.", hash: "", theirs: null, checks: [] };

export function modelsState(now: number): ModelsState {
  return {
    page: written(page, now),
    refreshed: written(failed, now),
    cards: written(cards, now),
    looks: written(looks, now),
    trial: written(trial, now),
    saved: ACTS,
  };
}

/** The list of 2,000 rows: those of Rust, again and again under other names. */
export function many(of: ModelsPage): ModelsPage {
  const again = (row: ModelRow, n: number): ModelRow => ({ ...row, id: `${row.id}-${n}`, marks: row.marks.filter((mark) => mark !== "listed") });
  const rows = [...of.rows];
  for (let n = 2; rows.length < 2_000; n++) rows.push(...of.rows.map((row) => again(row, n)));
  return { ...of, rows: rows.slice(0, 2_000) };
}

export function keylessState(now: number): Partial<ModelsState> {
  return { page: written(empty, now), refreshed: written(empty, now) };
}

function cardOf({ page, cards }: ModelsState, id: string): ModelCard {
  const row = page.rows.find((row) => row.id === id);
  const known = cards.find((card) => card.id === id && (!row || card.standing === row.standing));
  if (known) return known;
  const model = cards.find((card) => card.standing === (row?.standing ?? "addable")) ?? cards.find((card) => card.standing === "addable")!;
  return { ...model, id, standing: row?.standing ?? model.standing, context: row?.context ?? null, tier: row?.tier ?? model.tier, marks: row?.marks ?? [], classes: [], other: null, speed: null };
}

/** The look Rust wrote for this very form; for another one of this model the text with the words that were typed. */
function lookOf(state: ModelsState, id: string, form: ModelForm): ModelLook {
  const same = (one: Look) => one.id === id && (Object.keys(form) as (keyof ModelForm)[]).every((key) => one.form[key] === form[key]);
  const exact = state.looks.find(same);
  if (exact) return exact.look;
  const base = (state.looks.find((one) => one.id === id) ?? state.looks[0]!).look;
  const words = [form.description && `: ${form.description}`, form.use_for && ` Use for: ${form.use_for}`, form.avoid_for && ` Not for: ${form.avoid_for}`].join("");
  const problems: FieldProblem[] = [];
  const edits: PolicyEdit[] = [{ kind: "set", path: ["models", id, "description"], value: { kind: "text", text: form.description } }];
  return { ...base, text: base.text.replace(new RegExp(`^- ${id.replace(/[.]/g, "\\.")}.*$`, "m"), () => `- ${id}${words}`), problems, edits };
}

export const modelsAnswers = {
  models: (_, { models }) => models.page,
  models_refresh(_, { models }) {
    models.page = models.refreshed;
    return models.page;
  },
  model: ({ id }, { models }) => cardOf(models, id),
  model_look: ({ id, form }, { models }) => lookOf(models, id, form),
  model_try_outlook: (_, { models }) => models.trial.outlook,
  model_try: ({ id }, { models }) => (cardOf(models, id).standing === "ready" ? models.trial.answer : models.trial.refused),
  model_try_stop: () => null,
  model_reprice({ id }, { models }, news) {
    const card = models.cards.find((card) => card.id === id);
    if (card) card.reckoned_otherwise = 0;
    queueMicrotask(() => news("money"));
    return { done: true, sentence: "3 calls now cost $0.0123 more." };
  },
  policy_apply(_, { models }, news) {
    if (models.saved.state === "acts") queueMicrotask(() => news("policy"));
    return models.saved;
  },
} satisfies Partial<Answers>;
