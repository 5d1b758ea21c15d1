/** What scripts add to the admin portal: lists without reloading, and keys: `g` and a letter open a screen. */

import "../swap.js";

/** @type {number | undefined} */
let waiting;

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (waiting) {
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    clearTimeout(waiting);
    waiting = undefined;
    if (link instanceof HTMLElement) link.click();
  } else if (event.key === "g") {
    waiting = setTimeout(() => (waiting = undefined), 1500);
  }
});

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && target.matches("input, select, textarea, [contenteditable]");
}
