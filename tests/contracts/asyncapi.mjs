// Reads an AsyncAPI document with the standard's own parser: `node asyncapi.mjs FILE`. Prints the
// parser's findings and the content of the document.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics: all } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
// The document uses nothing that 3.1 adds.
const diagnostics = all.filter(({ code }) => code !== "asyncapi-latest-version");
for (const { code, message, path } of diagnostics) {
  console.log(`${code} ${path.join("/")}: ${message}`);
}
for (const operation of document?.operations() ?? []) {
  const messages = operation.messages().all().map((message) => message.name());
  console.log(`${operation.action()} ${messages.join(", ")}`);
}
console.log(`${diagnostics.length} findings`);
