// Colours a line of JSON or YAML: names and strings. The pieces joined are the line, whatever it holds.

export type Piece = { text: string; kind: "" | "k" | "s" };
export type Language = "json" | "yaml";

const JSON_STRING = /"(?:[^"\\]|\\.)*"/g;
const YAML_NAME = /^(\s*(?:-\s+)*)([\w.\-/]+)(?=:(?:\s|$))/;

export function paint(line: string, language: Language): Piece[] {
  return language === "json" ? json(line) : yaml(line);
}

function json(line: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of line.matchAll(JSON_STRING)) {
    const end = match.index + match[0].length;
    const name = /^\s*:/.test(line.slice(end));
    pieces.push({ text: line.slice(from, match.index), kind: "" }, { text: match[0], kind: name ? "k" : "s" });
    from = end;
  }
  pieces.push({ text: line.slice(from), kind: "" });
  return pieces.filter((piece) => piece.text !== "");
}

function yaml(line: string): Piece[] {
  const name = YAML_NAME.exec(line);
  if (!name) return line === "" ? [] : [{ text: line, kind: "" }];
  const [whole, indent = "", key = ""] = name;
  return [
    { text: indent, kind: "" as const },
    { text: key, kind: "k" as const },
    { text: line.slice(whole.length), kind: "" as const },
  ].filter((piece) => piece.text !== "");
}
