// A real MCP client, the one Claude's own tools are built on, against our server.
//
//   node client.mjs '{"command": "pointsman", "args": ["--home", "…", "mcp"], "env": {}, "calls": [
//     {"name": "llm_route", "arguments": {"task_class": "summarize", "prompt": "…"}, "progress": true}]}'
//
// Starts the command, shakes hands, lists the tools, makes the calls one after another, closes. Prints
// one line of JSON: {server, protocol, tools, results: [{result, progress}]}. The client itself checks
// each structuredContent against the tool's outputSchema and throws where it does not fit; then, as
// for anything else that goes wrong, the exit code is 1 and stderr says what.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const { command, args = [], env = {}, calls = [] } = JSON.parse(process.argv[2]);

const transport = new StdioClientTransport({ command, args, env, stderr: "inherit" });
const client = new Client({ name: "pointsman-npm-test", version: "1.0.0" });
let protocol = null;
transport.setProtocolVersion = (version) => {
  protocol = version;
};
let strays = 0;
client.onerror = (error) => {
  strays += 1;
  console.error(`client: ${error.message}`);
};

await client.connect(transport);
const { tools } = await client.listTools();
const results = [];
for (const call of calls) {
  const progress = [];
  const options = call.progress ? { onprogress: (step) => progress.push(step) } : {};
  const result = await client.callTool({ name: call.name, arguments: call.arguments }, undefined, options);
  results.push({ result, progress });
}
const server = client.getServerVersion();
await client.close();
console.log(JSON.stringify({ server, protocol, tools, results, strays }));
