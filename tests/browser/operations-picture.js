// Draws README.md's picture of the pages of operations, from a service with some minutes of
// traffic: `node operations-picture.js SPEKTR PICTURE [MINUTES] [FOLDER]`. With FOLDER it also
// draws a picture of each page there, at two widths and in both colour schemes, for reviewing a
// change of their look.

import { execFile, spawn } from "node:child_process";
import { createServer } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { launch, open } from "./browser.js";

const [SPEKTR, PICTURE, MINUTES = "4", FOLDER] = process.argv.slice(2);
const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 1100 } };
const PATHS = ["/", "/entries", "/entries/7", "/dead", "/replay?state=dead", "/pause", "/sign-in"];
const env = { ...process.env, SPEKTR_WEBHOOK_KEYS: "dev=any secret" };
const run = promisify(execFile);

/** An endpoint that accepts most events, fails sometimes, and refuses a few permanently. */
function endpoint() {
  let count = 0;
  return createServer((request, response) => {
    count += 1;
    request.resume();
    response.statusCode = count % 60 === 0 ? 400 : count % 17 === 0 ? 500 : 200;
    response.end();
  });
}

/** Starts the service in a folder; returns its process and its two addresses. */
async function serve(folder, forward) {
  await writeFile(join(folder, "token"), "a-token-for-this-picture\n", { mode: 0o600 });
  const options = ["--listen", "127.0.0.1:0", "--operations", "127.0.0.1:0", "--source", "production"];
  const arguments_ = ["serve", "--format", "json", "--forward", forward, "--ops-token-file", "token", ...options];
  const service = spawn(resolve(SPEKTR), arguments_, { cwd: folder, env, stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of createInterface(service.stdout)) {
    const { receiving, operations } = JSON.parse(line);
    return { service, receiving, origin: new URL(operations).origin };
  }
  throw new Error("the service has not started");
}

/** Delivers events in waves for some minutes. */
async function traffic(receiving, minutes) {
  const end = Date.now() + minutes * 60_000;
  for (let step = 0; Date.now() < end; step += 1) {
    const repeat = String(Math.round(4 + 3 * Math.sin(step / 9) + 2 * Math.random()));
    const event = ["alert_created", "alert_resolved", "customer_status_changed"][step % 3];
    await run(resolve(SPEKTR), ["send", "--to", receiving, event, "--repeat", repeat], { env });
    await new Promise((later) => setTimeout(later, 700));
  }
}

const folder = await mkdtemp(join(tmpdir(), "spektr-picture-"));
const posted = endpoint();
await new Promise((listening) => posted.listen(0, "127.0.0.1", listening));
const forward = `http://127.0.0.1:${posted.address().port}/events`;
const { service, receiving, origin } = await serve(folder, forward);
const browser = await launch();
try {
  await traffic(receiving, Number(MINUTES));
  const isOurs = (url) => url.origin === origin;
  const take = async (path, options, picture) => {
    const { page, context } = await open(browser, { isOurs, ...options });
    await page.goto(origin + path);
    await page.screenshot({ path: picture, fullPage: picture !== PICTURE });
    await context.close();
  };
  await take("/", { viewport: SIZES.desk, colorScheme: "light" }, PICTURE);
  for (const colorScheme of FOLDER ? ["light", "dark"] : []) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      for (const [index, path] of PATHS.entries()) {
        const name = `${index}${path.replaceAll(/\W+/g, "-")}-${size}-${colorScheme}.png`;
        await take(path, { viewport, colorScheme }, join(FOLDER, name));
      }
    }
  }
} finally {
  await browser.close();
  service.kill();
  posted.close();
  await rm(folder, { recursive: true });
}
