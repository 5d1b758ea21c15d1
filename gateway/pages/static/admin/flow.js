/** The flow, live: one subscription to `/live`; its frames go to the picture and to the table. */

import { LiveShop } from "../live.js";
import { setText, words } from "../words.js";
import { Dots } from "./dots.js";

/** @typedef {{from: string, event: string, to: string, messages: number, per_second: number, age_p50_s: number, age_max_s: number, dead_letters: number}} Edge */
/** @typedef {{edges: Edge[], actors: {name: string, mailbox: number, oldest_wait_s: number}[]}} Frame */

const language = document.documentElement.lang;
const BUSY = 50; // Messages in a mailbox.

/** @type {Map<string, Element>} Rows of the table, by publisher, event and subscriber. */
const rows = new Map([...document.querySelectorAll("[data-edge]")].map((row) => [row.getAttribute("data-edge") ?? "", row]));
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const sign = document.getElementById("flow-live");
const area = document.getElementById("flow");
export const dots = area ? new Dots(area) : null;

const live = new LiveShop("/live");
live.addEventListener("status", () => {
  if (!sign) return;
  sign.dataset.status = live.status;
  const told = sign.querySelector("span");
  if (told) setText(told, words(live.status === "live" ? "live" : "offline"));
  if (live.status !== "live") dots?.rates(new Map());
});
live.addEventListener("flow", (event) => show(/** @type {CustomEvent} */ (event).detail));
live.addEventListener("trouble", () => {
  const told = sign?.querySelector("span");
  if (sign && told) {
    sign.dataset.status = "off";
    setText(told, words("forbidden"));
  }
  live.stop();
});

/** Show a frame. @param {Frame} frame */
export function show(frame) {
  /** @type {Map<string, number>} Messages a second, by publisher and subscriber. */
  const rates = new Map();
  let total = 0;
  for (const edge of frame.edges) {
    total += edge.per_second;
    rates.set(`${edge.from} ${edge.to}`, (rates.get(`${edge.from} ${edge.to}`) ?? 0) + edge.per_second);
    const row = rows.get(`${edge.from} ${edge.event} ${edge.to}`);
    if (row) showRow(row, edge);
  }
  for (const actor of frame.actors) showActor(actor.name, actor.mailbox);
  const told = document.getElementById("total");
  if (told) setText(told, words("total", { count: total.toLocaleString(language, { maximumFractionDigits: 1 }) }));
  dots?.rates(calm.matches ? new Map() : rates);
}

/** @param {Element} row @param {Edge} edge */
function showRow(row, edge) {
  write(row, "[data-so-far]", edge.messages.toLocaleString(language));
  write(row, "[data-rate]", edge.per_second.toLocaleString(language));
  write(row, "[data-age]", edge.per_second ? `${(edge.age_p50_s * 1000).toLocaleString(language, { maximumFractionDigits: 1 })} ms` : "–");
}

/** @param {string} name @param {number} mailbox */
function showActor(name, mailbox) {
  const actor = document.querySelector(`[data-actor="${CSS.escape(name)}"]`);
  if (!actor) return;
  actor.classList.toggle("busy", mailbox >= BUSY);
  write(actor, ".waits", mailbox ? words("waits", { count: mailbox.toLocaleString(language) }) : "");
}

/** @param {Element} root @param {string} selector @param {string} text */
function write(root, selector, text) {
  const there = root.querySelector(selector);
  if (there) setText(there, text);
}

live.watchList("flow");
live.start();
