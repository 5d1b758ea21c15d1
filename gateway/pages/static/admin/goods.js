/** What scripts add to the screens of goods: pictures by drop and paste, drafts, ticks for all, a question before ends. */

import "./drafts.js";
import "./pictures.js";

for (const box of document.querySelectorAll("[data-tick-all]")) box.removeAttribute("hidden");

addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || !box.dataset.tickAll) return;
  const each = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll(`input[type="checkbox"][name="${CSS.escape(box.dataset.tickAll)}"]`));
  for (const one of each) one.checked = box.checked;
});

addEventListener("swapped", () => {
  for (const box of document.querySelectorAll("[data-tick-all]")) box.removeAttribute("hidden");
});

addEventListener("submit", (event) => {
  const button = /** @type {SubmitEvent} */ (event).submitter;
  const question = button?.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});
