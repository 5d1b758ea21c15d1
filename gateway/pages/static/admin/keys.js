/** Keys: `g` and a letter open a screen, `/` the search field, j, k, x and Enter work in lists, `?` shows them all. */

const PATIENCE_MS = 1500; // Between `g` and its letter.

/** @type {number | undefined} */
let waiting;

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (waiting) {
    clearTimeout(waiting);
    waiting = undefined;
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link instanceof HTMLElement) link.click();
  } else if (act(event.key)) {
    event.preventDefault();
  }
});

/** @param {string} key @returns {boolean} Whether it is one of ours. */
function act(key) {
  if (key === "g") waiting = setTimeout(() => (waiting = undefined), PATIENCE_MS);
  else if (key === "/") focus("main input[type=search], #find");
  else if (key === "j") move(1);
  else if (key === "k") move(-1);
  else if (key === "x") choose();
  else if (key === "?") open("keys");
  else return false;
  return true;
}

/** @param {number} by */
function move(by) {
  const lines = [...document.querySelectorAll("main .rows tbody tr")];
  const now = lines.findIndex((line) => line.contains(document.activeElement));
  const next = now < 0 ? (by > 0 ? 0 : lines.length - 1) : Math.min(Math.max(now + by, 0), lines.length - 1);
  const link = lines[next]?.querySelector("a") ?? lines[next]?.querySelector("button, summary, input");
  if (link instanceof HTMLElement) link.focus();
}

function choose() {
  const box = document.activeElement?.closest("tr")?.querySelector("input[type=checkbox]");
  if (box instanceof HTMLElement) box.click();
}

/** @param {string} selector */
function focus(selector) {
  const field = document.querySelector(selector);
  if (!(field instanceof HTMLInputElement)) return;
  field.focus();
  field.select();
}

/** @param {string} id */
function open(id) {
  const dialog = document.getElementById(id);
  if (dialog instanceof HTMLDialogElement) dialog.showModal();
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && target.matches("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");
}
