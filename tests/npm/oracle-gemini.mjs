// The official Google GenAI client against a practice server: argv[2] is the root of its API, argv[3]
// its key. Does each thing once, in the order of the scripts that crates/practice/tests/sdk has queued,
// and prints one line of JSON with what the client made of it. Judges nothing itself.
import { GoogleGenAI } from "@google/genai";

import { failure, PICTURE, SCHEMA } from "./witness.mjs";

const [baseUrl, apiKey] = process.argv.slice(2);
const open = (apiKey) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl } });
const client = open(apiKey);
const ask = (config, change) => ({ model: "gemini-2.5-flash", contents: "Hello", config, ...change });
const create = (config, change) => client.models.generateContent(ask(config, change));
const stream = (config) => client.models.generateContentStream(ask(config));

async function read(chunks) {
  const seen = { text: "", thoughts: "", finish: [], usage: [], parts: 0 };
  for await (const chunk of chunks) {
    seen.usage.push(chunk.usageMetadata ?? null);
    const [candidate] = chunk.candidates ?? [];
    if (candidate?.finishReason) seen.finish.push(candidate.finishReason);
    for (const part of candidate?.content?.parts ?? []) {
      seen.parts += 1;
      seen[part.thought ? "thoughts" : "text"] += part.text;
    }
  }
  return seen;
}

const answer = (response) => ({ ...response, text: response.text ?? null });

const result = { models: [] };

for await (const model of await client.models.list()) result.models.push(model);
result.whole = answer(await create({ systemInstruction: "Be brief.", temperature: 2, topP: 0.5, topK: 3 }));
result.stream = await read(await stream());
result.empty = answer(await create({ maxOutputTokens: 50 }));
result.short = answer(await create({ maxOutputTokens: 5, stopSequences: ["\n\n"] }));
result.image = answer(
  await create(undefined, {
    contents: [
      {
        role: "user",
        parts: [{ text: "What is it?" }, { inlineData: { mimeType: "image/png", data: PICTURE } }],
      },
    ],
  }),
);
result.schema = answer(await create({ responseMimeType: "application/json", responseJsonSchema: SCHEMA }));
result.thinking = answer(await create({ thinkingConfig: { includeThoughts: true, thinkingBudget: 100 } }));

result.rateLimit = await failure(() => create());
result.noCredit = await failure(() => create());
result.serverError = await failure(() => create());
result.overloaded = await failure(() => create());

result.wrongKey = await failure(() => open("wrong").models.generateContent(ask()));
result.badModel = await failure(() => create(undefined, { model: "gemini-9" }));
result.badTemperature = await failure(() => create({ temperature: 3 }));
result.badShape = await failure(() => create({ responseJsonSchema: SCHEMA }));
result.badRole = await failure(() => create(undefined, { contents: [{ role: "system", parts: [{ text: "x" }] }] }));

result.errorInStream = await failure(async () => read(await stream()));
result.cutStream = await failure(async () => read(await stream()));
result.hangUp = await failure(() => create());
result.malformed = await failure(async () => read(await stream()));

// The server stalls after the first word; the client goes away.
const stop = new AbortController();
result.aborted = "";
await failure(async () => {
  for await (const chunk of await stream({ abortSignal: stop.signal })) {
    result.aborted += chunk.text ?? "";
    stop.abort();
  }
});

console.log(JSON.stringify(result));
