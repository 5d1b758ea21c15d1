/**
 * Orders that change while a screen shows some: a line offers to show them, so that no line moves under a finger.
 *
 * Works where the page has `[data-watch-orders="ID"]`: the element of that id is read again when its reader wants to, or
 * at once if it says `data-at-once`. Elsewhere nothing is watched.
 */

import { LiveShop } from "../live.js";
import { swap } from "../swap.js";
import { setText, words } from "../words.js";

const REST_MS = 2000; // Between two readings of a part that follows at once.

const place = document.querySelector("[data-watch-orders]");
const part = place?.getAttribute("data-watch-orders") ?? "";

/** @type {Set<string>} The orders that have changed since the page was read. */
const changed = new Set();

let hasBegun = false;

/** @type {number | undefined} */
let reading;

if (place) watch();

function watch() {
  const live = new LiveShop("/live");
  live.addEventListener("status", () => show(live.status === "live"));
  live.addEventListener("trouble", () => show(false));
  live.addEventListener("orders", (event) => heard(/** @type {CustomEvent} */ (event).detail));
  live.watchList("orders");
  live.start();
  addEventListener("swapped", (event) => {
    if (!(event.target instanceof Element) || event.target.id !== part) return;
    changed.clear();
    offer();
  });
}

/** @param {{orders: {id: string}[], complete: boolean}} news Not complete: at first, and when changes were missed. */
function heard({ orders, complete }) {
  const missed = hasBegun && !complete;
  hasBegun = true;
  if (place?.hasAttribute("data-at-once")) {
    if (orders.length || missed) follow();
    return;
  }
  const only = place?.getAttribute("data-only");
  for (const { id } of orders) if (!only || id === only) changed.add(id);
  offer();
}

function follow() {
  reading ??= setTimeout(() => {
    reading = undefined;
    void swap(part, location.href);
  }, REST_MS);
}

function offer() {
  let line = document.getElementById("order-news");
  if (!changed.size) return line?.remove();
  if (!line) {
    line = document.createElement("button");
    line.id = "order-news";
    line.className = "news-line";
    line.dataset.testid = "order-news";
    line.addEventListener("click", () => void swap(part, location.href));
    document.getElementById(part)?.before(line);
  }
  setText(line, changed.size === 1 ? words("new_orders_one") : words("new_orders", { count: changed.size }));
}

/** @param {boolean} isLive */
function show(isLive) {
  const dot = document.getElementById("live");
  if (!dot) return;
  dot.hidden = false;
  dot.dataset.status = isLive ? "live" : "reconnecting";
  const text = dot.querySelector("[role=status]");
  if (text) setText(text, words(isLive ? "live" : "offline"));
}
