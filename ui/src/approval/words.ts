// The words of the approval window, and of no other.

import { fill, known, type Message, type Values } from "../lib/message";

export const words = {
  title: "Use a stronger model?",
  asked: "{client}, {class}",
  route: "From {from}, tier {low}, to {to}, tier {high}",
  likely: "Likely",
  worst: "At most",
  "left.call": "Left of this call",
  "left.flow": "Left of this flow",
  "left.hour": "Left this hour",
  "left.day": "Left today",
  "left.week": "Left this week",
  "left.month": "Left this month",
  "left.total": "Left in all",
  "left.none": "Left",
  nocap: "no cap",
  handoff: "Show what is sent",
  "handoff.back": "Back",
  "handoff.title": "This text is sent, and nothing else",
  "why.title": "Why",
  "why.all": "Show all of it",
  always: "Always allow up to {tier} for {class}, for {days} days",
  deny: "Deny",
  once: "Allow once",
  grant: "Allow for {days} days",
  no: "No answer means no. {otherwise}",
  rest: "The buttons work in a moment, so that no stray click answers.",
  seconds: "{n} s",
  left: { one: "{n} second left to answer", other: "{n} seconds left to answer" },
  more: { one: "{n} more waits", other: "{n} more wait" },
  expired: "No answer, so the answer is no.",
  nothing: "Nothing is asked.",
} as const satisfies Record<string, Message>;

export type Word = keyof typeof words;

let catalogue: Record<Word, Message> = words;
const tag = known(typeof navigator === "undefined" ? "en" : navigator.language);

/** Uses another catalogue; before anything is drawn. */
export function speak(other: Record<Word, Message>): void {
  catalogue = other;
}

export function t(word: Word, values: Values = {}): string {
  return fill(catalogue[word], values, tag);
}

/** Whether there is such a word. */
export function isWord(word: string): word is Word {
  return word in words;
}
