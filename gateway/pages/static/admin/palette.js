/** Ctrl K: a dialog that finds screens, orders, goods and people, as /admin/find does without scripts. */

import { swap } from "../swap.js";

const TYPING_MS = 150; // Of silence, before what is typed is looked for.

const dialog = document.getElementById("palette");
const field = document.getElementById("palette-q");

/** @type {number | undefined} */
let typing;

if (dialog instanceof HTMLDialogElement && field instanceof HTMLInputElement) {
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (dialog.open) return dialog.close();
    dialog.showModal();
    field.select();
    void find();
  });
  field.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(find, TYPING_MS);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    }
  });
  field.form?.addEventListener("submit", (event) => {
    const first = dialog.querySelector(".found a");
    if (!(first instanceof HTMLElement)) return; // Nothing is shown yet: the page of what is found opens.
    event.preventDefault();
    first.click();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // Beside it.
  });

  async function find() {
    await swap("found", `/admin/find?q=${encodeURIComponent(/** @type {HTMLInputElement} */ (field).value.trim())}`);
  }

  /** @param {number} by */
  function step(by) {
    const links = [...(/** @type {HTMLDialogElement} */ (dialog).querySelectorAll(".found a"))];
    const now = links.indexOf(/** @type {Element} */ (document.activeElement));
    const next = links[now + by];
    if (next instanceof HTMLElement) next.focus();
    else if (now + by < 0) /** @type {HTMLInputElement} */ (field).focus();
  }
}
