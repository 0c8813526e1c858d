// A real MCP client that stays connected, as Claude does, and makes each call when it is told to.
//
//   node walk.mjs '{"command": "…", "args": […], "name": "claude-ai"}'
//
// Starts the command, shakes hands, lists the tools and prints {"tools": […]}. Then reads one call of
// JSON per line, {"name": "llm_route", "arguments": {…}}, and prints its result in one line. Ends when its
// input does. It gives the server no environment but the bare one the SDK always gives.
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const { command, args, name } = JSON.parse(process.argv[2]);
const client = new Client({ name, version: "1.0.0" });
await client.connect(new StdioClientTransport({ command, args, stderr: "inherit" }));
const { tools } = await client.listTools();
console.log(JSON.stringify({ tools: tools.map((tool) => tool.name) }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await client.callTool(JSON.parse(line))));
}
await client.close();
