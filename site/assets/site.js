// The pages' only script: colours, search and copy buttons. The pages can be read without it, so
// the script itself shows the controls that need it. It also works on pages opened from a file: it
// loads only another script.
"use strict";

(() => {
  const ROOT = document.currentScript.src.replace(/[^/]*$/, "");
  const MOST = 30;

  const stored = {
    // If storage is switched off, the choice lasts as long as the page is open.
    get theme() {
      try {
        return localStorage.getItem("theme");
      } catch {
        return null;
      }
    },
    set theme(value) {
      try {
        localStorage.setItem("theme", value);
      } catch {}
    },
  };

  // Runs before the page is drawn, so that the colours do not flash.
  const page = document.documentElement;
  if (stored.theme) page.dataset.theme = stored.theme;

  function colours() {
    const button = document.getElementById("theme");
    const system = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (page.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
    const show = () => {
      button.textContent = isDark() ? "Light" : "Dark";
      button.ariaLabel = isDark() ? "Use light colours" : "Use dark colours";
    };
    button.addEventListener("click", () => {
      page.dataset.theme = stored.theme = isDark() ? "light" : "dark";
      show();
    });
    system.addEventListener("change", show);
    button.hidden = false;
    show();
  }

  function copying() {
    for (const button of document.querySelectorAll("button.copy")) {
      const code = button.closest("figure").querySelector("pre code");
      button.hidden = false;
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(code.textContent);
          button.textContent = "Copied";
        } catch {
          // Without permission, selects the text for copying by keyboard.
          getSelection().selectAllChildren(code);
          button.textContent = "Selected";
        }
        setTimeout(() => (button.textContent = "Copy"), 2000);
      });
    }
  }

  /** Reduces a text to letters and digits, so that `alertid` finds `data.alertId` and ALERT_ID. */
  const plain = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "");

  /** Returns a number for how well an entry matches the words, the lower the better; null if it does not match. */
  function rank({ all, whole, name }, words) {
    if (!words.every((word) => all.includes(word))) return null;
    const joined = words.join("");
    if (whole === joined) return 0;
    if (name === joined) return 1;
    if (whole.startsWith(joined)) return 2;
    if (name.startsWith(joined)) return 3;
    return words.every((word) => whole.includes(word)) ? 4 : 5;
  }

  let index;
  /** Loads the index at the first use of the search. */
  function load() {
    index ??= new Promise((loaded, failed) => {
      const script = document.createElement("script");
      script.src = `${ROOT}search-index.js`;
      script.onerror = () => {
        // The next key press tries again.
        index = undefined;
        script.remove();
        failed();
      };
      script.onload = () =>
        loaded(
          globalThis.searchIndex.map(([text, kind, about, href]) => ({
            ...{ text, kind, about, href },
            whole: plain(text),
            name: plain(text.split(".").pop()),
            all: `${plain(text)} ${plain(about)} ${plain(kind)}`,
          })),
        );
      document.head.append(script);
    });
    return index;
  }

  function search() {
    const box = document.getElementById("search");
    const query = document.getElementById("query");
    const results = document.getElementById("results");
    const list = results.querySelector("ul");
    const status = results.querySelector("[role=status]");

    const close = () => (results.hidden = true);
    const links = () => [...list.querySelectorAll("a")];

    async function show() {
      const asked = query.value;
      const entries = await load();
      // The text of the field has changed while the index was loading.
      if (asked !== query.value) return;
      const words = asked.split(/\s+/).map(plain).filter(Boolean);
      if (!words.length) return close();
      const found = entries
        .map((entry) => [rank(entry, words), entry])
        .filter(([score]) => score !== null)
        .sort(([one], [other]) => one - other)
        .map(([, entry]) => entry);
      status.textContent =
        found.length > MOST
          ? `${found.length} found, the first ${MOST} are shown`
          : `${found.length || "Nothing"} found`;
      list.replaceChildren(...found.slice(0, MOST).map(item));
      results.hidden = false;
    }

    function item({ text, kind, about, href }) {
      const link = document.createElement("a");
      link.href = ROOT + href;
      for (const [name, content] of [["code", text], ["small", kind], ["span", about]]) {
        const part = document.createElement(name);
        part.textContent = content;
        link.append(part, " ");
      }
      link.addEventListener("click", close);
      const row = document.createElement("li");
      row.append(link);
      return row;
    }

    /** Moves from the field through the results and back. */
    function move(step) {
      const stops = [query, ...links()];
      const next = stops.indexOf(document.activeElement) + step;
      stops[Math.max(0, Math.min(next, stops.length - 1))].focus();
    }

    query.addEventListener("focus", show);
    query.addEventListener("input", show);
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        close();
        query.value = "";
        query.focus();
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        move(event.key === "ArrowDown" ? 1 : -1);
      } else if (event.key === "Enter" && event.target === query) {
        // The results for the latest text may not be shown yet.
        show().then(() => results.hidden || links()[0]?.click());
      } else {
        return;
      }
      event.preventDefault();
    });
    document.addEventListener("click", (event) => box.contains(event.target) || close());
    document.addEventListener("keydown", (event) => {
      const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      query.focus();
      query.select();
    });
    box.hidden = false;
  }

  /** Opens the folded element that contains the target of the address. */
  function unfold() {
    // Anchors contain no character that a URL would escape.
    const folded = document.getElementById(location.hash.slice(1))?.closest("details");
    if (folded) folded.open = true;
  }

  document.addEventListener("DOMContentLoaded", () => {
    colours();
    copying();
    search();
    unfold();
  });
  addEventListener("hashchange", unfold);
})();
