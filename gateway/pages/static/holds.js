/** One countdown for each line of the basket: how long its units are held, on the shop's clock. */

import { setText, words } from "./words.js";

/** The difference between the shop's clock and this one, as the page was made. */
const rendered = Date.parse(document.documentElement.dataset.now ?? "") || Date.now();
const ahead_ms = rendered - Date.now();

function tick() {
  for (const line of document.querySelectorAll("[data-held-until]")) {
    const place = line.querySelector(".hold");
    if (place) setText(place, held(Date.parse(line.getAttribute("data-held-until") ?? "")));
  }
}

/** @param {number} until */
function held(until) {
  const left_s = Math.ceil((until - Date.now() - ahead_ms) / 1000);
  if (!(left_s > 0)) return words("ended");
  return words("held", { time: `${Math.floor(left_s / 60)}:${String(left_s % 60).padStart(2, "0")}` });
}

setInterval(tick, 1000);
addEventListener("swapped", tick);
tick();
