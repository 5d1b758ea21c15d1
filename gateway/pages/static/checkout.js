/** The checkout as it is typed: another country has other fields, another way of travelling another sum. */

import { replace } from "./swap.js";
import { say, words } from "./words.js";

const TIMEOUT_MS = 20_000;
const CHANGES = new Set(["country", "shipping_method"]);

/** @type {AbortController | null} The request on its way: a newer one ends it. */
let onItsWay = null;

const form = () => /** @type {HTMLFormElement} */ (document.getElementById("checkout"));

/**
 * Ask for the page as it is with what is typed by now, and take these parts of it.
 *
 * @param {string[]} parts Ids.
 * @param {Record<string, string>} more Fields to send with it.
 */
async function update(parts, more) {
  onItsWay?.abort();
  const own = new AbortController();
  onItsWay = own;
  const body = new URLSearchParams(/** @type {any} */ (new FormData(form())));
  for (const [name, value] of Object.entries(more)) body.set(name, value);
  try {
    const signal = AbortSignal.any([own.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const answer = await fetch("/checkout", { method: "POST", body, headers: { "X-Swap": "checkout" }, signal });
    const html = await answer.text();
    if (!parts.every((part) => replace(part, html))) location.assign("/basket"); // It has been emptied elsewhere.
    dress();
  } catch {
    if (!own.signal.aborted) say(words("unreachable"), "bad");
  }
}

/** Buttons that ask for what a script asks for by itself are gone; Enter orders then. */
function dress() {
  for (const each of form().querySelectorAll("[data-noscript]")) each.remove();
}

addEventListener("change", (event) => {
  const name = event.target instanceof Element ? (event.target.getAttribute("name") ?? "") : "";
  if (CHANGES.has(name)) void update(name === "country" ? ["where", "how", "summary"] : ["summary"], { do: "update" });
});

addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[name=use]") : null;
  if (!(button instanceof HTMLButtonElement)) return;
  event.preventDefault();
  void update(["where", "how", "summary"], { use: button.value });
});

new BroadcastChannel("basket").addEventListener("message", () => void update(["how", "summary"], { do: "update" }));

dress();
