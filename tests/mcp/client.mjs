// The official client of the Model Context Protocol: starts `maestro mcp`, calls the tools that it is told on stdin, one JSON
// array of {name, arguments}, and prints what came as one JSON document.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const calls = JSON.parse(Buffer.concat(chunks).toString());
const transport = new StdioClientTransport({ command: process.env.MAESTRO, args: ["mcp"], env: process.env });
const client = new Client({ name: "maestro-tests", version: "0.1.0" });
await client.connect(transport);
const { tools } = await client.listTools();
const results = [];
for (const call of calls) {
  try {
    const { isError, content } = await client.callTool(call);
    results.push({ isError: isError === true, text: content[0].text });
  } catch (error) {
    results.push({ code: error.code });
  }
}
const server = client.getServerVersion();
await client.close();
console.log(JSON.stringify({ server, instructions: client.getInstructions(), tools, results }));
