// The official OpenAI client against a practice server: argv[2] is its base URL, argv[3] its key.
// Does each thing once, in the order of the scripts that tests/oracle.rs has queued, and prints one
// line of JSON with what the client made of it. Judges nothing itself.
import OpenAI from "openai";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const ask = { model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello" }], max_tokens: 50 };
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

// The class, status and code of the error something fails with.
async function failure(work) {
  try {
    return { answered: await work() };
  } catch (error) {
    const { status = null, code = null, param = null, type = null, message, requestID = null } = error;
    return { class: error.constructor.name, status, code, param, type, message, requestID };
  }
}

async function read(stream) {
  const seen = { text: "", roles: [], finish: [], usage: [], emptyChoices: 0, objects: new Set() };
  for await (const chunk of stream) {
    seen.objects.add(chunk.object);
    const choice = chunk.choices[0];
    if (!choice) seen.emptyChoices += 1;
    if (choice?.delta.role) seen.roles.push(choice.delta.role);
    seen.text += choice?.delta.content ?? "";
    if (choice?.finish_reason) seen.finish.push(choice.finish_reason);
    if (chunk.usage) seen.usage.push(chunk.usage);
  }
  return { ...seen, objects: [...seen.objects] };
}

const result = {};

result.models = (await client.models.list()).data.map(({ id, object, owned_by }) => ({ id, object, owned_by }));

const whole = await client.chat.completions.create(ask);
result.whole = { ...whole, requestId: whole._request_id };

result.stream = await read(
  await client.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } }),
);
result.plainStream = await read(await client.chat.completions.create({ ...ask, stream: true }));

// The client's own accumulator, which throws on chunks that do not make one completion.
const runner = client.chat.completions.stream({ ...ask, stream_options: { include_usage: true } });
result.accumulated = await runner.finalChatCompletion();

const reasoning = { model: "gpt-5-mini", messages: ask.messages, max_completion_tokens: 50 };
result.reasoning = await client.chat.completions.create(reasoning);

result.image = await client.chat.completions.create({
  ...ask,
  messages: [
    {
      role: "user",
      content: [
        { type: "text", text: "What is it?" },
        { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}`, detail: "low" } },
      ],
    },
  ],
});

result.schema = await client.chat.completions.create({
  ...ask,
  response_format: {
    type: "json_schema",
    json_schema: {
      name: "answer",
      strict: true,
      schema: {
        type: "object",
        properties: { city: { type: "string" }, people: { type: "integer" } },
        required: ["city", "people"],
        additionalProperties: false,
      },
    },
  },
});

result.rateLimit = await failure(() => client.chat.completions.create(ask));
result.noCredit = await failure(() => client.chat.completions.create(ask));
result.serverError = await failure(() => client.chat.completions.create(ask));
result.overloaded = await failure(() => client.chat.completions.create(ask));
// The client's own retry, after the time the server asked for.
result.retried = await failure(async () => (await client.chat.completions.create(ask, { maxRetries: 1 })).choices[0].message.content);

result.wrongKey = await failure(() => client.withOptions({ apiKey: "sk-wrong" }).chat.completions.create(ask));
result.badModel = await failure(() => client.chat.completions.create({ ...ask, model: "gpt-9" }));
result.badArgument = await failure(() => client.chat.completions.create({ ...ask, max_token: 5 }));
result.badTemperature = await failure(() => client.chat.completions.create({ ...ask, temperature: 3 }));
result.oldName = await failure(() => client.chat.completions.create({ ...ask, model: "gpt-5-mini" }));

result.errorInStream = await failure(async () => read(await client.chat.completions.create({ ...ask, stream: true })));
result.cutStream = await failure(async () => read(await client.chat.completions.create({ ...ask, stream: true })));
result.hangUp = await failure(() => client.chat.completions.create(ask));
result.malformed = await failure(async () => read(await client.chat.completions.create({ ...ask, stream: true })));

// The server stalls after the first word; the client goes away.
const aborted = await client.chat.completions.create({ ...ask, stream: true });
result.aborted = "";
for await (const chunk of aborted) {
  result.aborted += chunk.choices[0]?.delta.content ?? "";
  if (result.aborted) aborted.controller.abort();
}

console.log(JSON.stringify(result));
