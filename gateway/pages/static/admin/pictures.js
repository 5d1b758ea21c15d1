/** Pictures of a product by drag and drop, by paste, and many at once from the file field: each goes to the API as it is. */

import { replace } from "../swap.js";
import { say, words } from "../words.js";

const MOST = 30;
const TIMEOUT_MS = 120_000;

/** @param {HTMLElement} section */
function watch(section) {
  const drop = section.querySelector("[data-drop]");
  const field = section.querySelector('input[type="file"]');
  if (!(drop instanceof HTMLFormElement) || !(field instanceof HTMLInputElement)) return;
  field.multiple = true;
  for (const each of drop.querySelectorAll("[data-live]")) each.removeAttribute("hidden");
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.dataset.over = "";
  });
  drop.addEventListener("dragleave", () => delete drop.dataset.over);
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    delete drop.dataset.over;
    void send(section, event.dataTransfer?.files);
  });
  drop.addEventListener("submit", (event) => {
    event.preventDefault();
    void send(section, field.files);
  });
}

/**
 * Send files one after another, and show the pictures as the server has them.
 *
 * @param {HTMLElement} section
 * @param {FileList | null | undefined} files
 */
async function send(section, files) {
  const pictures = [...(files ?? [])].filter((file) => file.type.startsWith("image/")).slice(0, MOST);
  section.ariaBusy = "true";
  for (const file of pictures) {
    const form = new FormData();
    form.append("file", file);
    try {
      const answer = await fetch(section.dataset.pictures ?? "", { method: "POST", body: form, signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!answer.ok) {
        const problem = await answer.json();
        say(`${file.name}: ${problem.title ?? ""}`, "bad");
      }
    } catch {
      say(words("unreachable"), "bad");
    }
  }
  const page = await fetch(location.pathname);
  replace(section.id, await page.text());
}

addEventListener("paste", (event) => {
  const section = document.querySelector("[data-pictures]");
  if (section instanceof HTMLElement && event.clipboardData?.files.length) void send(section, event.clipboardData.files);
});

addEventListener("swapped", (event) => {
  if (event.target instanceof HTMLElement && event.target.dataset.pictures) watch(event.target);
});

for (const section of document.querySelectorAll("[data-pictures]")) watch(/** @type {HTMLElement} */ (section));
