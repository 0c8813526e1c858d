// How the editor looks and what its own panel says: the tokens of the window, the words of its catalogue.

import { EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { t } from "../i18n";

/** The search panel speaks the catalogue's words. */
export function words(): Extension {
  return EditorState.phrases.of({
    Find: t("policy.find"), Replace: t("policy.find.replace"), next: t("policy.find.next"), previous: t("policy.find.previous"), all: t("policy.find.all"),
    "match case": t("policy.find.case"), regexp: t("policy.find.regexp"), "by word": t("policy.find.word"), replace: t("policy.find.put"), "replace all": t("policy.find.put.all"), close: t("close"),
  });
}

export const look = EditorView.theme({
  "&": { height: "100%", fontSize: "0.75rem", color: "var(--ink)", backgroundColor: "var(--surface)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", fontVariantLigatures: "none", lineHeight: "1.25rem", overflow: "auto" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 12px 0 6px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "1.5px" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--ink-3)", border: "none" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 8px 0 2px", minWidth: "26px" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--ink)" },
  ".cm-marks": { width: "14px" },
  ".cm-marks .cm-gutterElement": { display: "grid", placeContent: "center" },
  ".cm-mark": { display: "block", width: "7px", height: "7px", borderRadius: "1.5px", backgroundColor: "var(--stop)" },
  ".cm-mark-warning": { backgroundColor: "var(--caution)", transform: "rotate(45deg)", borderRadius: "1px" },
  ".cm-lit": { backgroundColor: "var(--accent-soft)", boxShadow: "inset 2px 0 0 var(--accent)" },
  ".cm-error-line": { backgroundColor: "var(--stop-soft)", boxShadow: "inset 2px 0 0 var(--stop)" },
  ".cm-warning-line": { backgroundColor: "var(--caution-soft)", boxShadow: "inset 2px 0 0 var(--caution)" },
  ".cm-error": { textDecoration: "underline wavy var(--stop) 1px", textUnderlineOffset: "3px" },
  ".cm-warning": { textDecoration: "underline wavy var(--caution) 1px", textUnderlineOffset: "3px" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { backgroundColor: "var(--accent-line)" },
  ".cm-selectionMatch": { backgroundColor: "var(--press)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--press)", outline: "1px solid var(--line-strong)" },
  ".cm-searchMatch": { backgroundColor: "var(--caution-soft)", outline: "1px solid var(--caution-line)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--caution-line)" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--ink)" },
  ".cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: "6px 30px 6px 8px", fontFamily: "var(--font-ui)", fontSize: "0.75rem" },
  ".cm-panel.cm-search label": { fontSize: "0.75rem", display: "inline-flex", alignItems: "center", gap: "4px", minHeight: "24px" },
  ".cm-panel.cm-search [name=close]": { width: "24px", height: "24px", color: "var(--ink-2)", fontSize: "1rem", backgroundColor: "transparent", border: "none", top: "4px", right: "4px" },
  ".cm-textfield": { height: "24px", border: "1px solid var(--control-line)", borderRadius: "5px", backgroundColor: "var(--surface)", color: "var(--ink)", fontSize: "0.75rem", padding: "0 6px" },
  ".cm-button": { height: "24px", border: "1px solid var(--line-strong)", borderRadius: "5px", backgroundColor: "var(--surface)", backgroundImage: "none", color: "var(--ink)", fontSize: "0.75rem", padding: "0 8px" },
  ".cm-panel.cm-search input:focus-visible, .cm-panel.cm-search button:focus-visible": { outline: "2px solid var(--focus)", outlineOffset: "1px" },
});
