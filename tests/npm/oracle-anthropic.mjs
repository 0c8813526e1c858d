// The official Anthropic client against a practice server: argv[2] is the root of its API, argv[3] its
// key. Does each thing once, in the order of the scripts that crates/practice/tests/sdk has queued, and
// prints one line of JSON with what the client made of it. Judges nothing itself.
import Anthropic from "@anthropic-ai/sdk";

import { failure, PICTURE, SCHEMA } from "./witness.mjs";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new Anthropic({ baseURL, apiKey, authToken: null, maxRetries: 0, logLevel: "off" });
const ask = { model: "claude-sonnet-4-5", max_tokens: 50, messages: [{ role: "user", content: "Hello" }] };
const create = (change, options) => client.messages.create({ ...ask, ...change }, options);
// A request in the API's version of 2023, with the key where that version has it.
const old = (change) =>
  client.post("/v1/messages", {
    body: { ...ask, ...change },
    headers: { "anthropic-version": "2023-06-01", "x-api-key": apiKey, authorization: null },
  });

async function read(stream) {
  const seen = { text: "", thinking: "", types: [], usage: [] };
  for await (const event of stream) {
    if (seen.types.at(-1) !== event.type) seen.types.push(event.type);
    if (event.type === "message_start") seen.usage.push(event.message.usage);
    if (event.type === "message_delta") seen.usage.push(event.usage);
    seen.text += event.delta?.text ?? "";
    seen.thinking += event.delta?.thinking ?? "";
  }
  return seen;
}

const result = {};

result.models = (await client.models.list()).data;
const whole = await create({ system: "Be brief." });
result.whole = { ...whole, requestId: whole._request_id };
result.stream = await read(await create({ stream: true }));
// The client's own accumulator, which throws on events that do not make one message.
result.accumulated = await client.messages.stream(ask).finalMessage();
result.empty = await client.messages.stream(ask).finalMessage();
result.sequence = await create({ stop_sequences: ["practice"], max_tokens: 500 });
result.short = await create({ max_tokens: 5 });
result.image = await create({
  max_tokens: 500,
  messages: [
    {
      role: "user",
      content: [
        { type: "text", text: "What is it?" },
        { type: "image", source: { type: "base64", media_type: "image/png", data: PICTURE } },
      ],
    },
  ],
});
result.schema = await client.messages.parse({
  ...ask,
  output_config: { format: { type: "json_schema", schema: SCHEMA } },
});
result.old = await old({ temperature: 0.5 });

result.rateLimit = await failure(() => create());
result.noCredit = await failure(() => create());
result.serverError = await failure(() => create());
result.overloaded = await failure(() => create());
// The client's own retry, after the time the server asked for.
result.retried = await failure(async () => (await create({}, { maxRetries: 1 })).content[0].text);

result.wrongKey = await failure(() => client.withOptions({ apiKey: "sk-wrong" }).messages.create(ask));
result.badModel = await failure(() => create({ model: "claude-9" }));
result.noMaxTokens = await failure(() => create({ max_tokens: undefined }));
result.unknown = await failure(() => create({ max_token: 5 }));
result.temperature = await failure(() => create({ temperature: 1 }));
result.oldTemperature = await failure(() => old({ temperature: 1.5 }));
result.newModel = await failure(() => old({ model: "claude-opus-4-7", temperature: 0.5 }));
result.systemRole = await failure(() => create({ messages: [{ role: "system", content: "x" }, ...ask.messages] }));

result.errorInStream = await failure(async () => read(await create({ stream: true })));
result.cutStream = await failure(async () => read(await create({ stream: true })));
result.unfinished = await failure(() => client.messages.stream(ask).finalMessage());
result.hangUp = await failure(() => create());
result.malformed = await failure(async () => read(await create({ stream: true })));

// The server stalls after the first word; the client goes away.
const aborted = await create({ stream: true });
result.aborted = "";
for await (const event of aborted) {
  result.aborted += event.delta?.text ?? "";
  if (result.aborted) aborted.controller.abort();
}

console.log(JSON.stringify(result));
