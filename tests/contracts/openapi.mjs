// Lints an OpenAPI document with Spectral's rules: `node openapi.mjs FILE`. Prints the findings.
import { readFileSync } from "node:fs";
import spectral from "@stoplight/spectral-core";
import parsers from "@stoplight/spectral-parsers";
import rulesets from "@stoplight/spectral-rulesets";

const linter = new spectral.Spectral();
// Servers, contacts and tags belong to whole APIs only; a licence has either an identifier or an
// address.
const off = ["oas3-api-servers", "info-contact", "openapi-tags", "operation-tags", "license-url"];
linter.setRuleset({
  extends: [[rulesets.oas, "all"]],
  rules: Object.fromEntries(off.map((rule) => [rule, "off"])),
});
const text = readFileSync(process.argv[2], "utf8");
const found = await linter.run(new spectral.Document(text, parsers.Json, "openapi.json"));
for (const { code, message, path } of found) {
  console.log(`${code} ${path.join("/")}: ${message}`);
}
console.log(`${found.length} findings`);
