// Tests the pages of operations of `spektr serve` in a browser: figures are live and equal the
// store's, no page contains a payload, everything is accessible in both colour schemes, and a form
// on another page changes nothing.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { promisify } from "node:util";
import { accessibilityFaults, launch, open } from "./browser.js";

const { ORIGIN, ENDPOINT, SPEKTR, INBOX, TOKEN, MARKER } = process.env;
const isOurs = (url) => url.origin === ORIGIN;
const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } };
const PATHS = ["/", "/?span=day", "/entries", "/entries?state=done", "/entries/2", "/dead"];
const FORMS = ["/replay?state=dead", "/retry", "/pause", "/entries/2/resolve", "/sign-in"];

const run = promisify(execFile);

/** Runs the tool on the same inbox; returns its JSON lines. */
async function inbox(...names) {
  const store = ["--store", `sqlite://${INBOX}`, "--format", "json"];
  const { stdout } = await run(SPEKTR, ["inbox", ...names, ...store]);
  return stdout.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

async function deliver() {
  const env = { ...process.env, SPEKTR_WEBHOOK_KEYS: "dev=any secret" };
  await run(SPEKTR, ["send", "--to", ENDPOINT, "alert_created"], { env });
}

/** Checks that a page contains no payload and fits the screen. */
async function look(page, path) {
  await page.goto(ORIGIN + path);
  assert.ok(!(await page.content()).includes(MARKER), `a payload is on ${path}`);
  const isWide = () => document.documentElement.scrollWidth > innerWidth;
  assert.equal(await page.evaluate(isWide), false, `${path} is wider than the screen`);
}

async function everyPageIsUsable(browser) {
  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of Object.values(SIZES)) {
      const { page, context, faults } = await open(browser, { isOurs, colorScheme, viewport });
      for (const path of [...PATHS, ...FORMS]) {
        await look(page, path);
        assert.deepEqual(await accessibilityFaults(page), [], path);
      }
      assert.deepEqual(faults, []);
      await context.close();
    }
  }
}

async function figuresAreLive(browser) {
  const { page, context, faults } = await open(browser, { isOurs, viewport: SIZES.desk });
  await page.goto(`${ORIGIN}/`);
  const figure = async (id) => Number((await page.textContent(`#${id}`)).replaceAll(",", ""));
  const before = await figure("accepted");
  assert.equal(before, (await inbox("list")).length);
  await deliver();
  // The script requests figures when the page becomes visible again, and every ten seconds.
  await page.waitForFunction((before) => {
    document.dispatchEvent(new Event("visibilitychange"));
    return Number(document.querySelector("#accepted").textContent) === before + 1;
  }, before, { polling: 500 });
  assert.equal(await figure("accepted"), (await inbox("list")).length);
  const [status] = await inbox("status");
  for (const state of ["dead", "malformed", "unknown", "unreadable", "conflict"]) {
    assert.equal(await figure(state), status[state], state);
  }
  // While it is paused, the script requests nothing.
  await page.click("[data-hold]");
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  // A request caused by the event would come before the one that is made here.
  await page.evaluate(async () => {
    document.dispatchEvent(new Event("visibilitychange"));
    await fetch("/icon.svg", { cache: "reload" });
  });
  assert.deepEqual(asked, [`${ORIGIN}/icon.svg`]);
  const answered = page.waitForResponse(`${ORIGIN}/`);
  await page.click("[data-hold]");
  assert.equal((await answered).status(), 200);
  assert.deepEqual(faults, []);
  await context.close();
}

async function theKeyboardReachesEverything(browser) {
  const { page, context, faults } = await open(browser, { isOurs, viewport: SIZES.desk });
  await page.goto(`${ORIGIN}/dead`);
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
  const seen = [];
  for (let presses = 0; presses < 30; presses += 1) {
    await page.keyboard.press("Tab");
    seen.push(await focused());
  }
  assert.equal(seen[0], "Skip to the content");
  for (const name of ["Overview", "Entries", "Dead letters", "Sign in", "Show", "Handle these again…", "2"]) {
    assert.ok(seen.includes(name), `${name} is not reached: ${seen}`);
  }
  assert.deepEqual(faults, []);
  await context.close();
}

/** Starts a replay, signs in for it, and finishes it. Returns the context, still signed in. */
async function aReplayIsDone(browser) {
  const { page, context, faults } = await open(browser, { isOurs, viewport: SIZES.phone });
  await page.goto(`${ORIGIN}/dead`);
  await page.click("text=Handle these again…");
  await page.click("text=Sign in to do this");
  await page.fill("[name=name]", "grace");
  await page.fill("[name=token]", `wrong ${TOKEN}`);
  await page.click("main button");
  await page.waitForSelector("text=The token is not the one of the file.");
  assert.deepEqual(faults.splice(0).map((fault) => /status of 403/.test(fault)), [true]);
  await page.fill("[name=token]", TOKEN);
  await page.click("main button");
  assert.equal(page.url(), `${ORIGIN}/replay?state=dead`);
  assert.equal(await page.textContent("h1"), "This makes 1 entry pending again");
  await page.click("main button");
  await page.waitForSelector("text=1 entry is pending again.");
  assert.equal((await inbox("list", "--state", "dead")).length, 0);
  assert.deepEqual(await accessibilityFaults(page), []);
  assert.deepEqual(faults, []);
  return context;
}

/** A page at another port, which gets the same cookies, and a page of another site. */
async function aFormOfAnotherPageChangesNothing(context) {
  const form = `<form method="post" action="${ORIGIN}/pause"></form><script>document.forms[0].submit()</script>`;
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html").end(form);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address();
  for (const host of ["127.0.0.1", "localhost"]) {
    const page = await context.newPage();
    await context.route(`http://${host}:${port}/**`, (route) => route.continue());
    const answered = page.waitForResponse(`${ORIGIN}/pause`);
    await page.goto(`http://${host}:${port}/`).catch(() => {});
    const answer = await answered;
    assert.equal(answer.status(), 403, host);
    assert.equal(await answer.text(), "a form of another page is refused\n");
    await page.close();
  }
  server.close();
  assert.equal((await inbox("status"))[0].paused, null);
}

const browser = await launch();
try {
  await everyPageIsUsable(browser);
  await theKeyboardReachesEverything(browser);
  await figuresAreLive(browser);
  const context = await aReplayIsDone(browser);
  await aFormOfAnotherPageChangesNothing(context);
  console.log("everything is as it must be");
} finally {
  await browser.close();
}
