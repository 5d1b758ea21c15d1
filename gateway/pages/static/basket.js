/**
 * The basket in every window: what one changes the others show at once, by a channel between them; what was changed
 * elsewhere they read when they are looked at again. Adding counts at once, and is taken back if the shop refuses.
 */

import { released, replace, swap } from "./swap.js";
import { say, setText, words } from "./words.js";

const PANEL = "basket-panel";
const SOON_MS = 120_000; // Then the countdown says that it is time.
const channel = new BroadcastChannel("basket");
const count = document.getElementById("basket-count");
const drawer = /** @type {HTMLDialogElement | null} */ (document.getElementById("basket-drawer"));

/** The difference between the shop's clock and this one, as the page was made. */
const ahead_ms = (Date.parse(document.documentElement.dataset.now ?? "") || Date.now()) - Date.now();

/** Forms are sent one after the other: each answer is the basket after it. @type {Promise<unknown>} */
let queue = Promise.resolve();
let waiting = 0;

/** Whether the basket is to be read again: another window's change may be older or newer than ours, which the shop knows. */
let stale = false;

/** Whether another window's change came while this one was not looked at. */
let missed = false;

/** @param {number} units */
const showCount = (units) => count && setText(count, String(units));

/** A key for one change: whoever taps twice wants two, and windows share the forms that they show each other. */
const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

/** @param {string} action @param {URLSearchParams} body */
async function send(action, body) {
  const answer = await fetch(action, { method: "POST", body, headers: { "X-Swap": PANEL } });
  const html = await answer.text();
  await released();
  replace(PANEL, html);
  dress();
  channel.postMessage("changed");
  return answer.ok;
}

/** Show what the panel says elsewhere, too; and what only a drawer has. */
function dress() {
  const panel = document.getElementById(PANEL);
  if (!panel) return;
  if (!waiting) showCount(Number(panel.dataset.units));
  const close = drawer?.querySelector("[data-close]");
  if (close instanceof HTMLElement) close.hidden = false;
  tick();
}

channel.addEventListener("message", () => {
  if (document.visibilityState === "visible") refresh();
  else missed = true;
});

/** Send the basket's form, after those that are on their way. @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
function submit(form, submitter) {
  const body = new URLSearchParams(/** @type {any} */ (new FormData(form, submitter)));
  body.set("key", newKey());
  const adds = form.matches("[data-add], [data-offer]");
  waiting += 1;
  if (adds) showCount(Number(count?.textContent) + 1);
  queue = queue.then(() => send(form.action, body)).then((ok) => tell(ok, adds), () => say(words("unreachable"), "bad")).finally(settle);
}

/** @param {boolean} ok @param {boolean} adds */
function tell(ok, adds) {
  if (!ok) say(document.querySelector(`#${PANEL} [role=alert]`)?.textContent ?? words("unreachable"), "bad");
  else if (adds) say(words("added"));
}

function settle() {
  waiting -= 1;
  if (waiting) return;
  dress();
  document.dispatchEvent(new Event("settled"));
}

/** Read the basket of now, after what is on its way; once, however often it is asked for until then. */
function refresh() {
  if (stale || !document.getElementById(PANEL)) return;
  stale = true;
  queue = queue.then(again);
}

async function again() {
  stale = false;
  const answer = await swap(PANEL, "/basket", { stays: true });
  if (answer) dress();
  else missed = true;
}

addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.action.endsWith("/basket/lines")) return;
  event.preventDefault();
  submit(form, /** @type {SubmitEvent} */ (event).submitter);
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
  if (document.visibilityState !== "visible" || !(missed || Number(count?.textContent))) return;
  missed = false;
  refresh();
});

/** One countdown for the whole basket: until the first of its units is held no longer, on the shop's clock. */
function tick() {
  const place = document.querySelector(`#${PANEL} .hold`);
  const left_ms = Date.parse(document.getElementById(PANEL)?.dataset.heldUntil ?? "") - Date.now() - ahead_ms;
  if (!(place instanceof HTMLElement) || Number.isNaN(left_ms)) return;
  setText(place, held(Math.ceil(left_ms / 1000)));
  place.dataset.state = left_ms <= 0 ? "over" : left_ms < SOON_MS ? "soon" : "";
}

/** @param {number} left_s */
function held(left_s) {
  if (left_s <= 0) return words("ended");
  return words("held", { time: `${Math.floor(left_s / 60)}:${String(left_s % 60).padStart(2, "0")}` });
}

setInterval(tick, 1000);
dress();
