// Reads {"bodies": [base64, ...]} and answers with one line for each body: what JSON.parse makes of it, as tagged text.
//
// V8 12.8 to 14.6 remembers the names of earlier objects and may take an escaped name for one of them (nodejs/node issue
// 63785). That depends on what was parsed before, so a body with escapes gets a realm of its own here.
import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Spelt {
  constructor(source) {
    this.source = source;
  }
}

function revive(name, value, context) {
  return typeof value === "number" && context?.source !== undefined ? new Spelt(context.source) : value;
}

function tagged(value) {
  if (value === null) return "z";
  if (typeof value === "boolean") return value ? "t" : "f";
  if (value instanceof Spelt) return ["n", value.source];
  if (typeof value === "number") return ["d", String(value)];
  if (typeof value === "string") return ["s", value];
  if (Array.isArray(value)) return ["a", value.map(tagged)];
  return ["o", Object.keys(value).map((name) => [name, tagged(value[name])])];
}

const { bodies } = JSON.parse(readFileSync(0, "utf8"));
const lines = bodies.map((body) => {
  try {
    const text = utf8.decode(Buffer.from(body, "base64"));
    const { parse } = text.includes("\\") ? runInContext("JSON", createContext()) : JSON;
    return JSON.stringify(tagged(parse(text, revive)));
  } catch {
    return "null";
  }
});
process.stdout.write(lines.join("\n"));
