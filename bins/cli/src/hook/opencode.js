// Hands OpenCode's events on to `maestro hook opencode <event>`. Printed by `maestro hook opencode plugin`; belongs into
// .opencode/plugins/maestro.js of the session's workspace. Outside of a Maestro session it does nothing.
import { spawn } from "node:child_process";

const LONGEST_MS = 3000;

// Runs one hook; whatever goes wrong, the answer is empty.
function hook(event, data) {
  return new Promise((resolve) => {
    let out = "";
    const child = spawn(process.env.MAESTRO_BIN || "maestro", ["hook", "opencode", event], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const timer = setTimeout(() => child.kill(), LONGEST_MS);
    const end = () => {
      clearTimeout(timer);
      try {
        resolve(JSON.parse(out));
      } catch {
        resolve({});
      }
    };
    child.on("error", end);
    child.on("close", end);
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stdin.on("error", () => {});
    child.stdin.end(JSON.stringify(data));
  });
}

export const Maestro = async ({ client }) => {
  if (!process.env.MAESTRO_SESSION_ID) return {};
  const children = new Set(); // sessions of subagents
  const held = new Map(); // session -> what it was held back with
  const say = (id, text, noReply) =>
    client.session
      .prompt({ path: { id }, body: { noReply, parts: [{ type: "text", text }] } })
      .catch(() => {});
  return {
    "chat.message": async (input, output) => {
      if (children.has(input.sessionID)) return;
      const part = output.parts.find((part) => part.type === "text");
      if (!part || held.get(input.sessionID) === part.text) return;
      held.delete(input.sessionID);
      const { context } = await hook("chat.message", { prompt: part.text });
      if (context) part.text += `\n\n${context}`;
    },
    "tool.execute.after": async (input, output) => {
      if (children.has(input.sessionID)) return;
      const { context } = await hook("tool.execute.after", {});
      if (context && typeof output.output === "string") output.output += `\n\n${context}`;
    },
    event: async ({ event }) => {
      const about = event.properties ?? {};
      if (event.type === "session.created" && about.info?.parentID) children.add(about.info.id);
      const id = about.sessionID ?? about.info?.id;
      if (children.has(id)) return;
      switch (event.type) {
        case "permission.asked":
        case "permission.updated":
        case "session.error":
          await hook(event.type, event);
          break;
        case "session.created":
        case "session.compacted": {
          const { context } = await hook(event.type, event);
          if (context) await say(id, context, true);
          break;
        }
        case "session.idle": {
          const { hold } = await hook(event.type, { ...event, active: held.has(id) });
          if (!hold) break;
          held.set(id, hold);
          await say(id, hold, false);
          break;
        }
      }
    },
  };
};
