// The editor of routing.yaml: everything of CodeMirror that the page uses, in a chunk of its own. It is mounted inside a
// shadow root: there its rules are adopted style sheets, which the content policy allows, and the tokens still reach it.

import { closeBrackets } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentLess, indentMore, isolateHistory, redo, redoDepth, undo, undoDepth } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, bracketMatching, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, EditorSelection, EditorState, RangeSetBuilder, StateEffect, StateField, Text, Transaction, type Extension } from "@codemirror/state";
import { Decoration, EditorView, GutterMarker, ViewPlugin, drawSelection, gutter, highlightActiveLineGutter, keymap, lineNumbers, type DecorationSet } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { LintProblem } from "../../bindings.gen";
import { spans } from "./change";
import { look, words } from "./theme";

export { redo, redoDepth, undo, undoDepth };
export type { EditorState, EditorView, Transaction };

/** Who makes a change that no key made. */
export type By = "form" | "disk";
const by = Annotation.define<By>();

/** The line end of a file that has it throughout; in another, a CR stays inside its line, so that no byte is lost. */
export function lineEnd(text: string): "\r\n" | "\n" {
  return /\r\n/.test(text) && !/(^|[^\r])\n/.test(text) ? "\r\n" : "\n";
}

export function begin(text: string, label: string): EditorState {
  return EditorState.create({ doc: text, extensions: [EditorState.lineSeparator.of(lineEnd(text)), ...extensions(label)] });
}

export function textOf(state: EditorState): string {
  return state.sliceDoc();
}

/** The same document with another text, as one step of undo where a form made it. */
export function rewrite(state: EditorState, text: string, who: By): Transaction | undefined {
  const after = state.toText(text);
  const changes = spans(lines(state.doc), lines(after)).map((span) => ({ from: span.from, to: span.to, insert: Text.of(span.insert) }));
  if (changes.length === 0) return undefined;
  return state.update({ changes, annotations: [by.of(who), isolateHistory.of("full"), Transaction.addToHistory.of(who === "form")] });
}

/** Whether a person typed it. */
export function typed(transaction: Transaction): boolean {
  return transaction.docChanged && transaction.annotation(by) === undefined && !transaction.isUserEvent("undo") && !transaction.isUserEvent("redo");
}

/** The line of the cursor, from 1. */
export function cursorLine(state: EditorState): number {
  return state.doc.lineAt(state.selection.main.head).number;
}

/** Puts the cursor at a place, both from 1, and shows it; a place that is gone is the nearest. */
export function goTo(state: EditorState, line: number, column: number): Transaction {
  const at = state.doc.line(Math.max(1, Math.min(line, state.doc.lines)));
  const head = Math.min(at.to, at.from + Math.max(0, column - 1));
  return state.update({ selection: EditorSelection.cursor(head), effects: EditorView.scrollIntoView(head, { y: "center" }), userEvent: "select" });
}

/** Marks problems; their places count UTF-16 units as the editor does. */
export function showProblems(state: EditorState, problems: readonly LintProblem[]): Transaction {
  return state.update({ effects: problemsSet.of(problems) });
}

/** Lights the line of the class that is chosen in the form; 0 lights none. */
export function light(state: EditorState, line: number): Transaction {
  return state.update({ effects: lit.of(line) });
}

/** Draws the state inside `root`; what a person does there goes to `took`. */
export function open(state: EditorState, root: ShadowRoot, took: (transactions: readonly Transaction[], view: EditorView) => void): EditorView {
  const parent = document.createElement("div");
  // Through the style object, which a content policy allows; an attribute it would not.
  parent.style.setProperty("height", "100%");
  root.append(parent);
  return new EditorView({ state, root, parent, dispatchTransactions: took });
}

function lines(doc: Text): string[] {
  return [...doc.iterLines()];
}

const problemsSet = StateEffect.define<readonly LintProblem[]>();
const lit = StateEffect.define<number>();

const problemMarks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    const news = transaction.effects.findLast((effect) => effect.is(problemsSet));
    return news ? marksOf(transaction.state, news.value as readonly LintProblem[]) : marks.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

const litLine = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    const news = transaction.effects.findLast((effect) => effect.is(lit));
    if (!news) return marks.map(transaction.changes);
    const line = news.value as number;
    const doc = transaction.state.doc;
    return line < 1 || line > doc.lines ? Decoration.none : Decoration.set(Decoration.line({ class: "cm-lit" }).range(doc.line(line).from));
  },
  provide: (field) => EditorView.decorations.from(field),
});

function marksOf(state: EditorState, problems: readonly LintProblem[]): DecorationSet {
  const ranges = problems.filter((one) => one.line >= 1 && one.line <= state.doc.lines).flatMap((problem) => {
    const line = state.doc.line(problem.line);
    const from = Math.min(line.to, line.from + Math.max(0, problem.column - 1));
    const to = Math.max(from, Math.min(line.to, line.from + problem.end_column - 1));
    const row = Decoration.line({ class: `cm-${problem.severity}-line`, severity: problem.severity }).range(line.from);
    return to > from ? [row, Decoration.mark({ class: `cm-${problem.severity}`, attributes: { title: problem.sentence.replaceAll("`", "") } }).range(from, to)] : [row];
  });
  return Decoration.set(ranges, true);
}

class Mark extends GutterMarker {
  constructor(readonly severity: string) {
    super();
  }
  override eq(other: Mark): boolean {
    return other.severity === this.severity;
  }
  override toDOM(): Node {
    const at = document.createElement("i");
    at.className = `cm-mark cm-mark-${this.severity}`;
    return at;
  }
}

/** A shape beside the number of each line that has a problem: a square stops, a diamond does not. */
const problemGutter = gutter({
  class: "cm-marks",
  markers(view) {
    const set = new RangeSetBuilder<GutterMarker>();
    const rows = new Map<number, string>();
    for (let at = view.state.field(problemMarks).iter(); at.value; at.next()) {
      const severity = (at.value.spec as { severity?: string }).severity;
      if (severity && rows.get(at.from) !== "error") rows.set(at.from, severity);
    }
    for (const [from, severity] of [...rows].sort((a, b) => a[0] - b[0])) set.add(from, from, new Mark(severity));
    return set.finish();
  },
});

/** Tab belongs to the text only after Enter or an edit; Esc gives it back, so that the keyboard can leave. */
const tab = ViewPlugin.fromClass(
  class {
    trapped = false;
    update(update: { docChanged: boolean; transactions: readonly Transaction[] }) {
      if (update.docChanged && update.transactions.some(typed)) this.trapped = true;
    }
  },
  { eventHandlers: { blur() { this.trapped = false; }, keydown(event) { if (event.key === "Enter") this.trapped = true; } } },
);

const tabKeys = keymap.of([
  { key: "Tab", run: (view) => (view.plugin(tab)?.trapped ? (view.state.selection.main.empty ? insertUnit(view) : indentMore(view)) : false) },
  { key: "Shift-Tab", run: (view) => (view.plugin(tab)?.trapped ? indentLess(view) : false) },
  { key: "Escape", run(view) {
    const plugin = view.plugin(tab);
    if (!plugin?.trapped) return false;
    plugin.trapped = false;
    return true;
  } },
]);

function insertUnit(view: EditorView): boolean {
  view.dispatch(view.state.replaceSelection("  "), { userEvent: "input" });
  return true;
}

const colours = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--code-key)" },
  { tag: tags.string, color: "var(--code-str)" },
  { tag: [tags.number, tags.bool], color: "var(--code-num)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--code-com)" },
  { tag: [tags.labelName, tags.typeName, tags.keyword], color: "var(--code-num)" },
]);

function extensions(label: string): Extension[] {
  return [
    problemGutter, lineNumbers(), highlightActiveLineGutter(), history(), drawSelection(), EditorState.allowMultipleSelections.of(true), indentUnit.of("  "), EditorState.tabSize.of(2),
    yaml(), syntaxHighlighting(colours), bracketMatching(), closeBrackets(), highlightSelectionMatches(), search({ top: true }), words(), problemMarks, litLine, tab, tabKeys,
    keymap.of([...searchKeymap, ...historyKeymap, ...defaultKeymap]), EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0" }), look,
  ];
}
