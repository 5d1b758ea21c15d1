/**
 * The basket in every window: what one changes the others show at once, by a channel between them; what was changed
 * elsewhere they read when they are looked at again. Adding counts at once, and is taken back if the shop refuses.
 */

import { replace, swap } from "./swap.js";
import { say, setText, words } from "./words.js";

const PANEL = "basket-panel";
const channel = new BroadcastChannel("basket");
const count = document.getElementById("basket-count");
const drawer = /** @type {HTMLDialogElement | null} */ (document.getElementById("basket-drawer"));

/** Forms are sent one after the other: each answer is the basket after it. @type {Promise<unknown>} */
let queue = Promise.resolve();

/** @param {number} units */
const showCount = (units) => count && setText(count, String(units));

/** @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
async function send(form, submitter) {
  const body = new URLSearchParams(/** @type {any} */ (new FormData(form, submitter)));
  const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Swap": PANEL } });
  const html = await answer.text();
  take(html);
  channel.postMessage(html);
  return answer.ok;
}

/** @param {string} html A page with the basket as it is now. */
function take(html) {
  replace(PANEL, html);
  const units = document.getElementById(PANEL)?.dataset.units;
  if (units !== undefined) showCount(Number(units));
  dress();
}

/** What only a drawer has. */
function dress() {
  const close = drawer?.querySelector("[data-close]");
  if (close instanceof HTMLElement) close.hidden = false;
}

channel.addEventListener("message", (event) => take(event.data));

addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.action.endsWith("/basket/lines")) return;
  event.preventDefault();
  const submitter = /** @type {SubmitEvent} */ (event).submitter;
  const adds = form.matches("[data-add], [data-offer]");
  const key = form.elements.namedItem("key");
  const before = Number(count?.textContent);
  if (adds) showCount(before + 1);
  const sent = queue.then(() => send(form, submitter));
  // A key is for one change: whoever taps twice wants two.
  const used = sent.then(() => key instanceof HTMLInputElement && (key.value = crypto.randomUUID()));
  queue = used.catch(() => {});
  sent.then(
    (ok) => {
      if (adds && ok) say(words("added"));
      else if (!ok) say(document.querySelector(`#${PANEL} [role=alert]`)?.textContent ?? words("unreachable"), "bad");
    },
    () => {
      showCount(before);
      say(words("unreachable"), "bad");
    },
  );
}, { capture: true });

document.getElementById("basket-link")?.addEventListener("click", (event) => {
  if (!drawer || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  drawer.showModal();
});
drawer?.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  if (target === drawer || target.closest("[data-close]")) drawer.close();
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && Number(count?.textContent)) queue = queue.then(() => again());
});

async function again() {
  if (await swap(PANEL, "/basket")) showCount(Number(document.getElementById(PANEL)?.dataset.units));
  dress();
}

dress();
