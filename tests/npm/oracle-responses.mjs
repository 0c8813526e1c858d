// The official OpenAI client against a practice server's Responses: argv[2] is its base URL, argv[3]
// its key. Does each thing once, in the order of the scripts that crates/practice/tests/sdk has queued,
// and prints one line of JSON with what the client made of it. Judges nothing itself.
import OpenAI from "openai";

import { failure, PICTURE, SCHEMA } from "./witness.mjs";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, logLevel: "off" });
const ask = { model: "gpt-4o-mini", input: "Hello", max_output_tokens: 50 };
const create = (change, options) => client.responses.create({ ...ask, ...change }, options);

async function read(stream) {
  const seen = { text: "", reasoning: "", types: [], numbers: [], last: null };
  for await (const event of stream) {
    if (seen.types.at(-1) !== event.type) seen.types.push(event.type);
    seen.numbers.push(event.sequence_number);
    if (event.type === "response.output_text.delta") seen.text += event.delta;
    if (event.type === "response.reasoning_summary_text.delta") seen.reasoning += event.delta;
    if (event.response) seen.last = event.response;
  }
  return seen;
}

const result = {};

// OpenRouter's model list, through the same client.
result.models = (await client.models.list()).data;
const whole = await create({ instructions: "Be brief.", temperature: 0.5, top_p: 0.5 });
result.whole = { ...whole, requestId: whole._request_id };
result.stream = await read(await create({ stream: true }));
// The client's own accumulator, which throws on events that do not make one response.
result.accumulated = await client.responses.stream(ask).finalResponse();
result.empty = await client.responses.stream(ask).finalResponse();
result.short = await create({ max_output_tokens: 16 });
result.image = await create({
  max_output_tokens: 500,
  input: [
    { role: "system", content: "Be kind." },
    {
      role: "user",
      content: [
        { type: "input_text", text: "What is it?" },
        { type: "input_image", image_url: `data:image/png;base64,${PICTURE}`, detail: "low" },
      ],
    },
  ],
});
result.schema = await client.responses.parse({
  ...ask,
  text: { format: { type: "json_schema", name: "answer", strict: true, schema: SCHEMA } },
});
result.reasoning = await client.responses.create({
  model: "gpt-5-mini",
  input: "Hello",
  reasoning: { effort: "low", summary: "auto" },
});

result.rateLimit = await failure(() => create());
result.noCredit = await failure(() => create());
result.serverError = await failure(() => create());
// The client's own retry, after the time the server asked for.
result.retried = await failure(async () => (await create({}, { maxRetries: 1 })).output_text);

result.wrongKey = await failure(() => client.withOptions({ apiKey: "sk-wrong" }).responses.create(ask));
result.badModel = await failure(() => create({ model: "gpt-9" }));
result.unknown = await failure(() => create({ stop: ["x"] }));
result.moved = await failure(() => create({ max_tokens: 50 }));
result.few = await failure(() => create({ max_output_tokens: 5 }));
result.temperature = await failure(() => create({ model: "gpt-5-mini", temperature: 1 }));

result.failed = await create();
result.errorInStream = await failure(async () => read(await create({ stream: true })));
result.cutStream = await failure(async () => read(await create({ stream: true })));
result.hangUp = await failure(() => create());
result.malformed = await failure(async () => read(await create({ stream: true })));

// The server stalls after the first word; the client goes away.
const aborted = await create({ stream: true });
result.aborted = "";
for await (const event of aborted) {
  if (event.type === "response.output_text.delta") result.aborted += event.delta;
  if (result.aborted) aborted.controller.abort();
}

// A cost is counted by OpenRouter's chat completions.
result.cost = (
  await client.chat.completions.create({ model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] })
).usage;

console.log(JSON.stringify(result));
