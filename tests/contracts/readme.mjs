// Runs a program of the README with a delivery, at the delivery's time: `node readme.mjs PROGRAM
// DELIVERY`.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [program, path] = process.argv.slice(2);
const { headers, body, keys, now } = JSON.parse(readFileSync(path, "utf8"));
Object.assign(globalThis, { headers, body: Buffer.from(body), keys: new Map(Object.entries(keys)) });
Date.now = () => now * 1000;
await import(pathToFileURL(program));
