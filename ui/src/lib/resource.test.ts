// The store of a page: fresh on news, the last good value kept, never two fetches of one thing at once.

import { beforeEach, expect, test, vi } from "vitest";
import type { ActivityPage, Topic } from "../bindings.gen";
import { provide } from "../backend";
import { Resource } from "./resource.svelte";

type Asked = { args: unknown; answer: (page: ActivityPage) => void; refuse: (why: unknown) => void };
let asked: Asked[];
let news: (...topics: Topic[]) => void;

const page = (today_requests: number): ActivityPage => ({ rows: [], today_requests, today: { micros: 0, text: "$0.00" }, older: null });
const ALL = { filter: "", client: null, state: null, before: null };

beforeEach(() => {
  asked = [];
  const listeners = new Set<(topics: Topic[]) => void>();
  news = (...topics) => listeners.forEach((then) => then(topics));
  provide({
    call: (_, args) => new Promise((answer, refuse) => asked.push({ args, answer: answer as Asked["answer"], refuse })),
    onChanged: (then) => (listeners.add(then), () => listeners.delete(then)),
    onGo: () => () => undefined,
  });
});

async function answered(n: number, value: ActivityPage) {
  asked[n]!.answer(value);
  await vi.waitFor(() => undefined);
}

test("news of its topics fetches again, other news does not", async () => {
  const it = new Resource("activity", ALL);
  const stop = it.live();
  await answered(0, page(1));
  expect(it.value?.today_requests).toBe(1);
  news("client");
  expect(asked.length).toBe(1);
  news("request");
  expect(asked.length).toBe(2);
  stop();
  await answered(1, page(2));
  news("request");
  expect(asked.length, "after the page was left").toBe(2);
});

test("any amount of news during a fetch is one more fetch, after it", async () => {
  const it = new Resource("activity", ALL);
  it.live();
  news("request");
  news("money");
  expect(asked.length).toBe(1);
  await answered(0, page(1));
  expect(asked.length).toBe(2);
  await answered(1, page(2));
  expect(asked.length).toBe(2);
  expect(it.value?.today_requests).toBe(2);
});

test("an answer to an old question is dropped", async () => {
  const it = new Resource("activity", ALL);
  void it.refresh();
  void it.ask({ ...ALL, filter: "x" });
  await answered(1, page(2));
  await answered(0, page(1));
  expect(it.value?.today_requests).toBe(2);
  void it.refresh();
  expect(asked[2]!.args, "and the new question is the one that is repeated").toEqual({ ...ALL, filter: "x" });
});

test("a failed fetch keeps the last good value and says why", async () => {
  const it = new Resource("activity", ALL);
  void it.refresh();
  await answered(0, page(1));
  void it.refresh();
  asked[1]!.refuse({ code: "ledger_unavailable", sentence: "The disk is full." });
  await vi.waitFor(() => expect(it.error?.sentence).toBe("The disk is full."));
  expect(it.value?.today_requests).toBe(1);
  void it.refresh();
  await answered(2, page(2));
  expect(it.error).toBeUndefined();
});

test("a value a command gave is not overwritten by an older fetch", async () => {
  const it = new Resource("activity", ALL);
  void it.refresh();
  it.set(page(5));
  await answered(0, page(1));
  expect(it.value?.today_requests).toBe(5);
  expect(asked.length, "and the truth is fetched again").toBe(2);
});

test("a skeleton is for those who really wait", async () => {
  vi.useFakeTimers();
  const it = new Resource("activity", ALL);
  void it.refresh();
  vi.advanceTimersByTime(149);
  expect(it.slow).toBe(false);
  vi.advanceTimersByTime(1);
  expect(it.slow).toBe(true);
  vi.useRealTimers();
  await answered(0, page(1));
  expect(it.slow).toBe(false);
});
