// Reads an AsyncAPI document with the standard's own parser: `node asyncapi.mjs FILE`. Prints what
// it finds, and what the document describes.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics: all } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
// 3.1 adds nothing that is used here.
const diagnostics = all.filter(({ code }) => code !== "asyncapi-latest-version");
for (const { code, message, path } of diagnostics) {
  console.log(`${code} ${path.join("/")}: ${message}`);
}
for (const operation of document?.operations() ?? []) {
  const messages = operation.messages().all().map((message) => message.name());
  console.log(`${operation.action()} ${messages.join(", ")}`);
}
console.log(`${diagnostics.length} findings`);
