// Runs the vectors of spektr-verify through a verifier: `node vectors.mjs VERIFIER VECTORS`. Prints
// each vector's name with the verdict and the number of entries.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [verifier, folder] = process.argv.slice(2);
const { verify } = await import(pathToFileURL(verifier));
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json")).sort()) {
  const vector = JSON.parse(readFileSync(join(folder, file), "utf8"));
  const isValid = (key) => vector.now >= (key.not_before ?? 0) && vector.now <= (key.not_after ?? Infinity);
  const keys = vector.keys.filter(isValid).map((key) => [key.id, Buffer.from(key.secret, key.encoding)]);
  const format = vector.signature_format === "hex" ? "" : "sha256=";
  // Node's server passes header names in lower case, and joins the values of a repeated header.
  const headers = {};
  for (const [written, value] of vector.headers) {
    const name = written.toLowerCase();
    const text = name === "x-signature" && value.startsWith(format) ? value.slice(format.length) : value;
    headers[name] = name in headers ? `${headers[name]}, ${text}` : text;
  }
  const template = vector.signed_content.replace("{body}", "").replaceAll("\\n", "\n");
  const before = template.replace("{timestamp}", "{time}");
  Date.now = () => vector.now * 1000;
  let verdict;
  try {
    const body = Buffer.from(vector.body_base64, "base64");
    verdict = `accepted ${verify(headers, body, new Map(keys), before).length}`;
  } catch (error) {
    // A body that is not JSON is authentic; no other error is expected.
    const isAuthentic = error instanceof SyntaxError;
    verdict = isAuthentic ? "accepted null" : error.message === "not authentic" ? "rejected" : error.name;
  }
  console.log(`${file} ${verdict}`);
}
