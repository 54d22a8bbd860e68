// Keeps the figures of a page live: fetches the page again and replaces the part that is live.
// Without it, a page shows what was so when it was loaded, and says when that was.
"use strict";

const EVERY = 10000;
const live = document.querySelector("[data-live]");
const hold = document.querySelector("[data-hold]");
let isHeld = false;

async function refresh() {
  if (isHeld || document.hidden) return;
  let text;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    // A page that has been left for that of signing in is not live any more.
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    text = await answer.text();
  } catch {
    document.documentElement.dataset.stale = "";
    return;
  }
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    // What has the focus stays where it is.
    if (other && !part.contains(document.activeElement)) part.replaceWith(other);
  }
  delete document.documentElement.dataset.stale;
}

if (live && hold) {
  hold.hidden = false;
  hold.addEventListener("click", () => {
    isHeld = !isHeld;
    hold.setAttribute("aria-pressed", String(isHeld));
    if (!isHeld) refresh();
  });
  setInterval(refresh, EVERY);
  document.addEventListener("visibilitychange", refresh);
}
