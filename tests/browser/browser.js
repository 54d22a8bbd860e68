// Opens pages in Debian's Chromium, and records the faults of a page: errors on its console,
// requests to other hosts, and accessibility problems.

import { access, constants, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** The default `headless` and a new empty profile come from Playwright. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium; the caller closes it. */
export async function launch() {
  return chromium.launch({ executablePath: await find("chromium"), args: FLAGS });
}

/**
 * Opens a page that may request what `isOurs` accepts, a function of a URL. Everything else is
 * refused and noted in `faults`, with the errors and warnings of the console.
 */
export async function open(browser, { isOurs, ...options }) {
  const context = await browser.newContext(options);
  const faults = [];
  await context.route("**/*", (route) => {
    const url = new URL(route.request().url());
    if (isOurs(url)) return route.continue();
    faults.push(`request to ${url}`);
    return route.abort();
  });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      faults.push(`console ${message.type()}: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  return { page, context, faults };
}

/** Returns axe's serious and critical findings on the page, each with the elements. */
export async function accessibilityFaults(page) {
  // `evaluate` works under any Content-Security-Policy; a script element would not.
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
  const isSerious = ({ impact }) => ["serious", "critical"].includes(impact);
  return violations
    .filter(isSerious)
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((it) => it.target).join(", ")}`);
}

async function find(program) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, program);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // The program is not in this folder.
    }
  }
  throw new Error(`${program} is not installed: run \`cargo xtask setup\``);
}
