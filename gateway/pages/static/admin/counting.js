/**
 * The table of stock with scripts: free units as they change, only what was typed is sent, more rows without a new
 * page, and the arrow keys go from cell to cell.
 */

import { LiveShop } from "../live.js";
import { parse } from "../swap.js";
import { setText, words } from "../words.js";

const MOST = 500; // Counts in one batch: the shop's bound.

const live = new LiveShop("/live");
/** @type {Map<Element, () => void>} Rows in view, each with its function to stop. */
const watched = new Map();

const view = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting && !watched.has(target)) watched.set(target, live.subscribe([/** @type {HTMLElement} */ (target).dataset.sku ?? ""]));
    else if (!isIntersecting) forget(target);
  }
});

/** @param {Element} row */
function forget(row) {
  watched.get(row)?.();
  watched.delete(row);
  if (!row.isConnected) view.unobserve(row);
}

/** @param {ParentNode} root */
function watch(root) {
  for (const row of watched.keys()) if (!row.isConnected) forget(row);
  for (const row of root.querySelectorAll("tr[data-sku]")) view.observe(row);
}

live.addEventListener("stock", (event) => {
  const { sku, available, version } = /** @type {CustomEvent} */ (event).detail;
  for (const row of watched.keys()) {
    const { dataset } = /** @type {HTMLElement} */ (row);
    if (dataset.sku !== sku || version <= Number(dataset.version)) continue;
    dataset.version = String(version);
    show(row, available);
  }
});

/** @param {Element} row @param {number} available */
function show(row, available) {
  const free = row.querySelector(".still");
  const number = free?.querySelector("[data-free]");
  if (!free || !number) return;
  setText(number, available.toLocaleString(document.documentElement.lang));
  free.setAttribute("data-level", available <= 0 ? "none" : available <= 5 ? "few" : "some");
  if (!free.querySelector(".moved")) free.append(Object.assign(document.createElement("span"), { className: "moved", textContent: words("moved") }));
  free.classList.remove("news");
  requestAnimationFrame(() => free.classList.add("news"));
}

/** @param {HTMLInputElement} cell */
const isChanged = (cell) => cell.value.trim() !== seen(cell)?.value.split(":")[0];
/** @param {HTMLInputElement} cell */
const seen = (cell) => /** @type {HTMLInputElement | null} */ (cell.previousElementSibling);
/** @returns {HTMLInputElement[]} */
const cells = () => [...document.querySelectorAll("input.cell")].map((each) => /** @type {HTMLInputElement} */ (each));

addEventListener("input", (event) => {
  const cell = event.target;
  if (!(cell instanceof HTMLInputElement) || !cell.matches(".cell")) return;
  cell.classList.toggle("changed", isChanged(cell));
  tellChanged();
});

function tellChanged() {
  const count = document.querySelectorAll("input.cell.changed").length;
  const told = document.getElementById("changed");
  if (told) setText(told, count ? words("changed", { count }) : "");
}

/** Before the form is read: cells that were not touched stay here, and the first 500 that were go. */
addEventListener("submit", (event) => {
  if (!(event.target instanceof HTMLFormElement) || !event.target.hasAttribute("data-counts")) return;
  let left = MOST;
  const idle = cells().filter((cell) => !isChanged(cell) || left-- <= 0);
  for (const cell of idle) for (const each of [cell, seen(cell)]) if (each) each.disabled = true;
  setTimeout(() => idle.forEach((cell) => [cell, seen(cell)].forEach((each) => each && (each.disabled = false))));
}, { capture: true });

addEventListener("keydown", (event) => {
  if (!(event.target instanceof HTMLInputElement) || !event.target.matches(".cell")) return;
  const step = event.key === "ArrowDown" || event.key === "Enter" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (!step || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const all = cells();
  const next = all[all.indexOf(event.target) + step];
  next?.focus();
  next?.select();
});

/** Rows of the next page are put below, so that what was typed stays. */
document.addEventListener("click", async (event) => {
  const more = event.target instanceof Element ? event.target.closest("#more") : null;
  if (!(more instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const answer = await fetch(more.href).catch(() => null);
  if (!answer?.ok) return location.assign(more.href);
  const page = parse(await answer.text());
  const [rows, next] = [page.querySelectorAll("#counts > tr"), page.getElementById("more")];
  document.getElementById("counts")?.append(...[...rows].map((row) => document.adoptNode(row)));
  if (next instanceof HTMLAnchorElement) more.href = new URL(next.getAttribute("href") ?? "", answer.url).href;
  else more.remove();
  watch(document);
});

watch(document);
addEventListener("swapped", () => {
  watch(document);
  tellChanged();
});
live.start();
