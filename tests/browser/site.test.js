// Tests of the reference's pages. The Rust test `site/tests/browser.rs` writes the pages, and runs
// this file with facts about their content in `FACTS`.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { accessibilityFaults, launch, open } from "./browser.js";

const facts = JSON.parse(process.env.FACTS);
const root = pathToFileURL(join(facts.folder, "/")).href;
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

/** Pages of each kind: an event's, and all others. */
const kinds = [facts.longest, ...facts.pages.filter((path) => !path.startsWith("events/"))];

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** Opens pages of the site; any other request is a fault. */
async function site(options = {}) {
  const opened = await open(browser, { isOurs: (url) => url.href.startsWith(root), ...options });
  const goto = (path) => opened.page.goto(root + path);
  return { ...opened, goto };
}

test("no page logs an error, requests anything from elsewhere, or is wider than a phone", async () => {
  const { page, context, faults, goto } = await site({ viewport: PHONE });
  for (const path of facts.pages) {
    await goto(path);
    // The search loads its index at its first use.
    await page.keyboard.press("/");
    await page.waitForFunction(() => globalThis.searchIndex);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(width, PHONE.width, path);
  }
  assert.deepEqual(faults, []);
  await context.close();
});

test("a request to elsewhere is noticed", async () => {
  const { page, context, faults, goto } = await site();
  await goto("index.html");
  await page.evaluate(() => fetch("http://127.0.0.1:9/").catch(() => {}));
  assert.ok(faults.some((fault) => fault.includes("127.0.0.1")), faults.join("\n"));
  await context.close();
});

const LOOKS = ["light", "dark"].flatMap((scheme) => [DESKTOP, PHONE].map((viewport) => [scheme, viewport]));
for (const [colorScheme, viewport] of LOOKS) {
  test(`axe finds nothing serious in ${colorScheme} at ${viewport.width}`, async () => {
    const { page, context, goto } = await site({ colorScheme, viewport });
    for (const path of kinds) {
      await goto(path);
      assert.deepEqual(await accessibilityFaults(page), [], path);
    }
    await context.close();
  });
}

test("axe would find a text without contrast", async () => {
  const { page, context, goto } = await site();
  await goto("index.html");
  await page.evaluate(() => {
    const lead = document.querySelector(".lead");
    lead.style.color = "#eee";
  });
  const faults = await accessibilityFaults(page);
  assert.equal(faults.length, 1, faults.join("\n"));
  assert.match(faults[0], /^color-contrast: /);
  await context.close();
});

test("the keyboard reaches the search, which finds a member and leads to it", async () => {
  const { page, context, goto } = await site();
  await goto("types.html");
  await page.keyboard.press("/");
  await page.keyboard.type(`${facts.member.name} ${facts.member.event}`.toLowerCase());
  await page.locator("#results a").first().waitFor();
  assert.match(await page.locator("#results [role=status]").textContent(), /^[1-9]\d* found$/);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(root + facts.member.href);
  assert.equal(await page.locator(":target").evaluate((row) => row.tagName), "TR");
  await context.close();
});

test("the search finds a wire type, and says when it finds nothing", async () => {
  const { page, context, goto } = await site();
  await goto(facts.longest);
  await page.locator("#query").fill(facts.wireType.toUpperCase());
  await page.locator("#results a", { hasText: "wire type" }).first().waitFor();
  await page.locator("#query").fill("no such thing");
  await page.locator("#results [role=status]", { hasText: "Nothing found" }).waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#results").isVisible(), false);
  await context.close();
});

test("Enter leads to the first result without waiting for it to be shown", async () => {
  const { page, context, goto } = await site();
  await goto("index.html");
  await page.keyboard.press("/");
  await page.keyboard.type(facts.member.event);
  await page.keyboard.press("Enter");
  const [path] = facts.member.href.split("#");
  await page.waitForURL(root + path);
  await context.close();
});

test("the copy button puts the example on the clipboard", async () => {
  const { page, context, goto } = await site();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await goto(facts.longest);
  const example = page.locator("figure.code").first();
  await example.getByRole("button", { name: "Copy" }).click();
  await example.getByRole("button", { name: "Copied" }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, await example.locator("pre code").textContent());
  assert.equal(typeof JSON.parse(copied).id, "string");
  await context.close();
});

test("the colours follow the system until somebody chooses, and then stay", async () => {
  const { page, context, goto } = await site({ colorScheme: "dark" });
  const background = () =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await goto("index.html");
  const dark = await background();
  await page.getByRole("button", { name: "Use light colours" }).click();
  const light = await background();
  assert.notEqual(light, dark);
  await goto("types.html");
  assert.equal(await background(), light);
  await page.getByRole("button", { name: "Use dark colours" }).click();
  assert.equal(await background(), dark);
  await context.close();
});

test("the first stop of the keyboard skips to the content", async () => {
  const { page, context, goto } = await site();
  await goto("index.html");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await context.close();
});

test("on a phone the list of pages unfolds and folds", async () => {
  const { page, context, goto } = await site({ viewport: PHONE });
  await goto("index.html");
  const list = page.getByRole("navigation", { name: "Pages" });
  assert.equal(await list.isVisible(), false);
  await page.getByRole("button", { name: "Menu" }).click();
  await list.waitFor();
  await page.keyboard.press("Escape");
  await list.waitFor({ state: "hidden" });
  await context.close();
});

test("an address that leads into a folded example unfolds it", async () => {
  const { page, context, goto } = await site();
  await goto(facts.longest);
  const folded = page.locator("details.code").first();
  assert.equal(await folded.locator("pre").isVisible(), false);
  await goto(`${facts.longest}#${await folded.getAttribute("id")}`);
  await folded.locator("pre").waitFor();
  await page.reload();
  await folded.locator("pre").waitFor();
  await context.close();
});

test("folded examples are printed, and buttons are not", async () => {
  const { page, context, goto } = await site();
  await goto(facts.longest);
  await page.emulateMedia({ media: "print" });
  const height = (it) => it.getBoundingClientRect().height;
  assert.ok((await page.locator("details.code pre").first().evaluate(height)) > 50);
  for (const button of await page.getByRole("button", { name: "Copy" }).all()) {
    assert.equal(await button.isVisible(), false);
  }
  assert.equal(await page.locator("#pages").isVisible(), false);
  await context.close();
});

test("without scripts the pages read, and show no control that needs one", async () => {
  const { page, context, goto } = await site({ javaScriptEnabled: false });
  await goto(facts.longest);
  assert.ok(await page.locator("table.members").isVisible());
  for (const control of ["#search", "#theme", "button.copy"]) {
    assert.equal(await page.locator(control).first().isVisible(), false, control);
  }
  await context.close();
});
