/** Live stock: elements marked `data-skus="A B"` show the sum of these SKUs, as it changes, while they are in view. */

import { LiveShop } from "./live.js";
import { setText, words } from "./words.js";

const NEWS_MS = 1_600;

export const live = new LiveShop("/live");

/** @type {Map<Element, () => void>} Elements in view, each with its function to stop. */
const watched = new Map();

const view = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting && !watched.has(target)) watched.set(target, live.subscribe(skus(target)));
    else if (!isIntersecting) forget(target);
  }
}, { rootMargin: "200px" });

/** Watch all such elements of a page, or of a part of it that is new. @param {ParentNode} root */
export function watch(root) {
  for (const each of watched.keys()) if (!each.isConnected) forget(each);
  for (const each of root.querySelectorAll("[data-skus]")) view.observe(each);
}

/** @param {Element} element */
function forget(element) {
  watched.get(element)?.();
  watched.delete(element);
  if (!element.isConnected) view.unobserve(element);
}

/** @param {Element} element */
const skus = (element) => (element.getAttribute("data-skus") ?? "").split(" ").filter(Boolean);

live.addEventListener("stock", (event) => {
  const { sku } = /** @type {CustomEvent} */ (event).detail;
  for (const element of watched.keys()) if (skus(element).includes(sku)) show(/** @type {HTMLElement} */ (element));
});

/** @param {HTMLElement} element */
function show(element) {
  const levels = skus(element).map((sku) => live.level(sku)?.available);
  if (levels.includes(undefined)) return;
  const available = /** @type {number[]} */ (levels).reduce((sum, level) => sum + level, 0);
  const before = element.textContent;
  if (available <= 0 && element.dataset.level === "held") return; // The page knows more: when they come back.
  setText(element, stockWords(available));
  element.dataset.level = available <= 0 ? "none" : available <= 5 ? "few" : "some";
  if (before !== element.textContent) flash(element);
  const button = element.closest(".card, .offer")?.querySelector("button[data-testid=add]");
  const choices = element.closest(".offer")?.querySelectorAll("[data-skus]").length ?? 1;
  if (button instanceof HTMLButtonElement && choices < 2) button.disabled = available <= 0;
}

/** @param {number} available */
function stockWords(available) {
  if (available <= 0) return words("sold_out");
  if (available === 1) return words("last");
  return words(available <= 5 ? "left" : "some", { count: available.toLocaleString(document.documentElement.lang) });
}

/** @param {HTMLElement} element */
function flash(element) {
  element.classList.add("news");
  setTimeout(() => element.classList.remove("news"), NEWS_MS);
}

const sign = document.getElementById("live");
live.addEventListener("status", () => {
  if (!sign) return;
  sign.hidden = false;
  sign.dataset.status = live.status;
  const told = sign.querySelector("span");
  if (told) setText(told, words(live.status === "live" ? "live" : "offline"));
});
