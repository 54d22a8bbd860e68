// Draws a page of the reference: `node picture.js PAGE FILE`.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { launch, open } from "./browser.js";

const [path, file] = process.argv.slice(2);

const browser = await launch();
try {
  const { page, faults } = await open(browser, {
    isOurs: (url) => url.protocol === "file:",
    viewport: { width: 1280, height: 800 },
    colorScheme: "light",
  });
  await page.goto(pathToFileURL(resolve(path)).href);
  await page.screenshot({ path: file });
  if (faults.length) throw new Error(faults.join("\n"));
} finally {
  await browser.close();
}
