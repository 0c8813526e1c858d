// The one text of routing.yaml that the window edits, as a form and as text: what it means, where it came from, and what
// happened to the file meanwhile. One history of undo over both sides. It outlives the page, so that a look at another
// page loses no edit. What a text means and what saving does is decided by Rust.

import type { Author, KeptText, MergedText, PolicyEdit, PolicyForm, PolicyLook, PolicyPage, QuickFix, SaveOutcome } from "../../bindings.gen";
import { asDenial, call, type Denial } from "../../backend";
import { t } from "../i18n";
import type * as Editor from "./codemirror";
import { conflictLines } from "./places";

/** A pause in typing after which the text is looked at. */
const LOOK_MS = 150;
/** A pause after which it is kept over a restart. */
const KEEP_MS = 1_000;
/** How often a form edit begins again because the text was typed into meanwhile. */
const TRIES = 3;

/** A text on disk, named by its hash. */
export type OnDisk = { text: string; hash: string };

export class Desk {
  text = $state("");
  /** What the edits are made on. */
  base = $state.raw<OnDisk>({ text: "", hash: "" });
  /** What another program wrote meanwhile. */
  theirs = $state.raw<OnDisk | undefined>();
  look = $state.raw<PolicyLook | undefined>();
  /** A text of an earlier window, until the person says what becomes of it; nothing is kept over it before. */
  kept = $state.raw<KeptText | undefined>();
  /** Why the last look or edit failed. */
  error = $state.raw<Denial | undefined>();
  undos = $state(0);
  redos = $state(0);
  /** The line of the cursor. */
  line = $state(1);

  /** Whether there is no file: what is here can be saved as it is. */
  absent = $state(false);

  readonly dirty = $derived(this.text !== this.base.text);
  readonly savable = $derived((this.dirty || this.absent) && this.theirs === undefined);
  readonly lines = $derived(this.text.split(/\r?\n/));
  readonly conflicts = $derived(conflictLines(this.lines));
  readonly errors = $derived((this.look?.problems ?? []).filter((problem) => problem.severity === "error").length);

  readonly #cm: typeof Editor;
  #editor: Editor.EditorState;
  #view: Editor.EditorView | undefined;
  #typed = false;
  #kept = false;
  /** How the file stood when it was last fetched. */
  #standing: string | undefined;
  #lookedAt: string | undefined;
  #asked = 0;
  #looking: ReturnType<typeof setTimeout> | undefined;
  #keeping: ReturnType<typeof setTimeout> | undefined;
  #edits: Promise<unknown> = Promise.resolve();

  constructor(cm: typeof Editor) {
    this.#cm = cm;
    this.#editor = cm.begin("", t("policy.editor"));
  }

  /** Takes what the file is now: for the first time, after our own save, or after another program's. */
  arrived(page: PolicyPage): void {
    const now = { text: page.text, hash: page.hash };
    this.absent = page.file === "gone";
    const standing = `${page.file} ${page.running?.hash}`;
    if (this.#standing === undefined) {
      this.kept = page.kept?.text === page.text ? undefined : (page.kept ?? undefined);
      this.base = now;
      this.#open(now.text);
    } else if (standing !== this.#standing) void this.#lookNow();
    this.#standing = standing;
    if (now.hash === this.base.hash && now.text === this.base.text) this.theirs = undefined;
    else if (now.text === this.text || !this.dirty) this.take(now, "disk");
    else this.theirs = now;
  }

  /** Goes on with the text that was kept; the file may have changed since. */
  resume(): void {
    const [kept, now] = [this.kept, this.base];
    if (!kept) return;
    this.kept = undefined;
    this.#kept = true;
    this.#write(kept.text, "form");
    if (kept.base === now.hash) return;
    this.base = { text: "", hash: kept.base };
    this.theirs = now;
  }

  /** Forgets the text that was kept. */
  async forget(): Promise<void> {
    await call("policy_keep", { text: null, base: this.base.hash });
    this.kept = undefined;
    if (this.dirty) this.#keepSoon();
  }

  /** Forgets every edit: the text on disk, as one step that can be undone. */
  take(now: OnDisk, by: Editor.By): void {
    this.theirs = undefined;
    this.base = now;
    this.#typed = false;
    this.#write(now.text, by);
    void this.#lookNow();
  }

  /** Goes on with the person's text on top of the other program's. */
  keepMine(): void {
    if (this.theirs) this.base = this.theirs;
    this.theirs = undefined;
    void this.#lookNow();
  }

  /** Puts both together. */
  async merge(): Promise<MergedText | undefined> {
    const theirs = this.theirs;
    if (!theirs) return undefined;
    const merged = await call("policy_merge", { base: this.base.hash, mine: this.text, theirs: theirs.text });
    this.base = theirs;
    this.theirs = undefined;
    this.#write(merged.text, "form");
    return merged;
  }

  /** An edit of the form: made from the form as it is when its turn comes. False where it changed nothing. */
  edit(make: (form: PolicyForm, text: string) => PolicyEdit[]): Promise<boolean> {
    const mine = this.#edits.then(() => this.#edit(make));
    this.#edits = mine;
    return mine;
  }

  /** Writes a quick fix; where the text moved on since it was offered, the one that is offered for it now. */
  async fix(wanted: QuickFix): Promise<void> {
    let fix: QuickFix | undefined = wanted;
    if (this.#lookedAt !== this.text) {
      await this.#lookNow();
      const same = (this.look?.problems ?? []).flatMap((problem) => problem.fixes).filter((one) => one.title === wanted.title && one.text === wanted.text);
      const far = (one: QuickFix) => Math.abs(one.line - wanted.line);
      fix = this.#lookedAt === this.text ? same.sort((a, b) => far(a) - far(b))[0] : undefined;
    }
    const end = this.#cm.lineEnd(this.text);
    const lines = this.text.split(end);
    const at = fix && lines[fix.line - 1];
    if (!fix || at === undefined) return;
    lines[fix.line - 1] = at.slice(0, fix.column - 1) + fix.text + at.slice(fix.end_column - 1);
    this.#write(lines.join(end), "form");
  }

  undo(): void {
    this.#cm.undo({ state: this.#editor, dispatch: (transaction) => this.#dispatch(transaction) });
  }

  redo(): void {
    this.#cm.redo({ state: this.#editor, dispatch: (transaction) => this.#dispatch(transaction) });
  }

  goTo(line: number, column = 1): void {
    this.#dispatch(this.#cm.goTo(this.#editor, line, column));
    this.#view?.focus();
  }

  light(line: number): void {
    this.#dispatch(this.#cm.light(this.#editor, line));
  }

  /** Saves what is here. What became of it is on the page, too. */
  async save(): Promise<SaveOutcome> {
    const text = this.text;
    const author: Author = this.#typed ? "text" : "form";
    const outcome = await call("policy_save", { text, base: this.base.hash, author });
    if (outcome.state === "moved") this.theirs = { text: outcome.theirs ?? this.base.text, hash: outcome.hash };
    else if (outcome.state !== "invalid") {
      this.base = { text, hash: outcome.hash };
      this.theirs = undefined;
      this.#typed = false;
      this.#keepSoon();
      void this.#lookNow();
    }
    return outcome;
  }

  /** Draws the text inside `root` until the returned function is called. */
  mount(root: ShadowRoot): () => void {
    this.#view = this.#cm.open(this.#editor, root, (transactions, view) => {
      view.update(transactions);
      this.#took(view.state, transactions);
    });
    return () => {
      this.#view?.destroy();
      this.#view = undefined;
    };
  }

  /** Keeps what is here at once; for the moment the page goes. */
  keepNow(): void {
    if (this.#keeping === undefined) return;
    clearTimeout(this.#keeping);
    this.#keeping = undefined;
    if (this.kept || (!this.dirty && !this.#kept)) return;
    this.#kept = this.dirty;
    void call("policy_keep", { text: this.dirty ? this.text : null, base: this.base.hash }).catch(() => undefined);
  }

  /** Another document: nothing of the one before can be undone into it. */
  #open(text: string): void {
    this.#editor = this.#cm.begin(text, t("policy.editor"));
    this.#view?.setState(this.#editor);
    this.text = text;
    [this.undos, this.redos] = [0, 0];
    void this.#lookNow();
  }

  async #edit(make: (form: PolicyForm, text: string) => PolicyEdit[]): Promise<boolean> {
    for (let tries = 0; tries < TRIES; tries++) {
      if (this.#lookedAt !== this.text) await this.#lookNow();
      const [before, form] = [this.text, this.look?.form];
      if (!form || this.#lookedAt !== before) continue;
      const edits = make(form, before);
      if (edits.length === 0) return false;
      let after: string;
      try {
        after = await call("policy_edit", { text: before, edits });
      } catch (thrown) {
        this.error = asDenial(thrown);
        return false;
      }
      if (this.text !== before) continue;
      this.#write(after, "form");
      await this.#lookNow();
      return true;
    }
    return false;
  }

  #write(text: string, by: Editor.By): void {
    if (this.#cm.lineEnd(text) !== this.#cm.lineEnd(this.text)) return this.#open(text);
    const transaction = this.#cm.rewrite(this.#editor, text, by);
    if (transaction) this.#dispatch(transaction);
  }

  #dispatch(transaction: Editor.Transaction): void {
    if (this.#view) this.#view.dispatch(transaction);
    else this.#took(transaction.state, [transaction]);
  }

  #took(state: Editor.EditorState, transactions: readonly Editor.Transaction[]): void {
    this.#editor = state;
    this.line = this.#cm.cursorLine(state);
    if (!transactions.some((one) => one.docChanged)) return;
    if (transactions.some(this.#cm.typed)) this.#typed = true;
    this.text = this.#cm.textOf(state);
    this.undos = this.#cm.undoDepth(state);
    this.redos = this.#cm.redoDepth(state);
    this.error = undefined;
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => void this.#lookNow(), LOOK_MS);
    this.#keepSoon();
  }

  #keepSoon(): void {
    clearTimeout(this.#keeping);
    this.#keeping = setTimeout(() => this.keepNow(), KEEP_MS);
  }

  async #lookNow(): Promise<void> {
    clearTimeout(this.#looking);
    const [text, mine] = [this.text, ++this.#asked];
    try {
      const look = await call("policy_look", { text });
      if (mine !== this.#asked) return;
      this.look = look;
      this.#lookedAt = text;
      this.error = undefined;
      if (this.text === text) this.#dispatch(this.#cm.showProblems(this.#editor, look.problems));
    } catch (thrown) {
      if (mine === this.#asked) this.error = asDenial(thrown);
    }
  }
}

let desk: Desk | undefined;

/** The desk of this window; what it derives lives longer than the page that asks first. */
export function theDesk(cm: typeof Editor): Desk {
  if (!desk) $effect.root(() => void (desk = new Desk(cm)));
  return desk!;
}
