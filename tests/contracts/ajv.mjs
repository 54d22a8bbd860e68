// Validates bodies with ajv: `node ajv.mjs SCHEMA BODIES`. Each body has a name and the decoder's
// verdict. Prints the bodies on which ajv and the decoder disagree.
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";

const [schema, bodies] = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));
const ajv = new Ajv2020({ allErrors: false, strictTypes: false });
ajv.addVocabulary(["x-aliases", "x-known-values", "x-sensitive", "x-valid-for-seconds"]);
// Holds the schemas of OpenAPI.
ajv.addKeyword("components");
const validate = ajv.compile(schema);
for (const { name, body, decodes } of bodies) {
  if (validate(body) !== decodes) {
    console.log(`${name}: ${decodes ? ajv.errorsText(validate.errors) : "accepted"}`);
  }
}
console.log(`${bodies.length} bodies`);
