/** A product's page: its pictures large and by keys, its options as groups of choices, and when held units come back. */

import { note } from "./seen.js";
import { live } from "./stock.js";
import { setText, words } from "./words.js";

const page = /** @type {HTMLElement | null} */ (document.querySelector("[data-testid=product]"));
const reel = /** @type {HTMLElement | null} */ (document.querySelector(".reel"));
const pictures = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".reel [data-zoom]")]);
const thumbs = [...document.querySelectorAll(".thumb")];
const radios = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll(".choices input[name=sku]")]);

// --- Pictures ---

/** @param {number} place */
function showPicture(place) {
  const picture = pictures[place];
  if (!picture || !reel) return;
  reel.scrollTo({ left: picture.offsetLeft - reel.offsetLeft });
  mark(place);
}

/** @param {number} place */
function mark(place) {
  thumbs.forEach((thumb, at) => (at === place ? thumb.setAttribute("aria-current", "true") : thumb.removeAttribute("aria-current")));
}

/** Where the reel stands. */
const place = () => (reel?.clientWidth ? Math.round(Math.abs(reel.scrollLeft) / reel.clientWidth) : 0);

thumbs.forEach((thumb, at) => thumb.addEventListener("click", (event) => {
  event.preventDefault();
  showPicture(at);
}));
reel?.addEventListener("scroll", () => mark(place()), { passive: true });
pictures.forEach((picture, at) => picture.addEventListener("click", (event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  zoom(at);
}));

/** Show a picture as large as the window. @param {number} at */
function zoom(at) {
  const dialog = document.createElement("dialog");
  const image = document.createElement("img");
  let shown = at;
  /** @param {number} next */
  const show = (next) => {
    shown = (next + pictures.length) % pictures.length;
    image.src = pictures[shown]?.getAttribute("href") ?? "";
    image.alt = pictures[shown]?.querySelector("img")?.alt ?? "";
    showPicture(shown);
  };
  const keys = { ArrowRight: 1, ArrowLeft: -1 };
  dialog.className = "zoom";
  dialog.dataset.testid = "zoom";
  dialog.ariaLabel = pictures[at]?.getAttribute("aria-label") ?? "";
  dialog.append(image, button("×", words("close"), () => dialog.close(), "close"));
  if (pictures.length > 1) dialog.append(button("‹", words("before"), () => show(shown - 1), "before"), button("›", words("next"), () => show(shown + 1), "after"));
  dialog.addEventListener("keydown", ({ key }) => key in keys && pictures.length > 1 && show(shown + keys[/** @type {keyof typeof keys} */ (key)]));
  dialog.addEventListener("click", ({ target }) => target === dialog || target === image ? dialog.close() : undefined);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  show(at);
  dialog.showModal();
}

/** @param {string} text @param {string} label @param {() => void} act @param {string} kind */
function button(text, label, act, kind) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", textContent: text, ariaLabel: label, className: kind });
  made.addEventListener("click", act);
  return made;
}

// --- Options ---

/** @typedef {{radio: HTMLInputElement, label: HTMLElement, values: string[]}} Choice */

/** @type {Choice[]} */
const choices = radios.map((radio) => {
  const label = /** @type {HTMLElement} */ (radio.closest(".choice"));
  return { radio, label, values: JSON.parse(label.dataset.values ?? "[]") };
});
const box = /** @type {HTMLElement | null} */ (document.querySelector(".choices[data-options]"));
/** @type {string[]} */
const names = JSON.parse(box?.dataset.options ?? "[]");

/** @param {Choice} choice */
const available = (choice) => choice.label.querySelector(".stock")?.getAttribute("data-level") !== "none" && choice.label.querySelector(".stock")?.getAttribute("data-level") !== "held";

/** One group of choices for each option, above the SKUs: of those only the chosen one is shown then. */
function group() {
  if (!box || names.length < 2 || !choices.every(({ values }) => values.length === names.length)) return;
  const made = names.map((name, at) => optionGroup(name, at));
  box.before(...made);
  box.classList.add("one");
  box.addEventListener("change", refresh);
  live.addEventListener("stock", () => refresh());
  refresh();
}

/** @param {string} name @param {number} at */
function optionGroup(name, at) {
  const set = document.createElement("fieldset");
  const legend = document.createElement("legend");
  set.className = "option";
  set.dataset.testid = "option";
  legend.textContent = name;
  const values = [...new Set(choices.map(({ values }) => values[at] ?? ""))];
  set.append(legend, ...values.map((value) => optionValue(value, at)));
  return set;
}

/** @param {string} value @param {number} at */
function optionValue(value, at) {
  const label = document.createElement("label");
  const radio = document.createElement("input");
  const text = document.createElement("span");
  Object.assign(radio, { type: "radio", name: `option-${at}`, value });
  // The name of a choice of the page's own must not be sent with the form.
  radio.setAttribute("form", "none");
  radio.addEventListener("change", () => pick(at, value));
  label.className = "swatch";
  text.textContent = value;
  label.append(radio, text);
  return label;
}

const chosen = () => choices.find(({ radio }) => radio.checked);

/** Choose the SKU with this value that has most of the other values. @param {number} at @param {string} value */
function pick(at, value) {
  const before = chosen()?.values ?? [];
  const fits = choices.filter(({ values }) => values[at] === value);
  const likeness = (/** @type {Choice} */ one) => one.values.filter((each, place) => each === before[place]).length + (available(one) ? 0.5 : 0);
  const best = fits.toSorted((a, b) => likeness(b) - likeness(a))[0];
  if (!best) return;
  best.radio.checked = true;
  best.radio.dispatchEvent(new Event("change", { bubbles: true }));
}

/** Show which values are chosen, and which can't be had with the others. */
function refresh() {
  const now = chosen();
  for (const label of document.querySelectorAll(".swatch")) {
    const radio = /** @type {HTMLInputElement} */ (label.querySelector("input"));
    const at = Number(radio.name.split("-")[1]);
    const with_it = choices.find(({ values }) => values.every((each, place) => each === (place === at ? radio.value : now?.values[place])));
    const can = with_it !== undefined && available(with_it);
    radio.checked = now?.values[at] === radio.value;
    label.classList.toggle("missing", !can);
    radio.ariaDescription = can ? "" : words("missing");
  }
  for (const { label, radio } of choices) label.hidden = !radio.checked;
}

/** The picture of a SKU, and whether it can be bought. */
function follow() {
  const now = chosen();
  const wanted = now?.label.dataset.images?.split(" ")[0];
  if (wanted) showPicture(pictures.findIndex(({ dataset }) => dataset.image === wanted));
  enable();
}

function enable() {
  const now = chosen();
  const add = document.querySelector(".offer button[data-testid=add]");
  if (now && add instanceof HTMLButtonElement) add.disabled = !available(now);
}

box?.addEventListener("change", follow);
group();
enable();

// --- Stock ---

/** @type {number | undefined} */
let asking;

/** When a SKU goes from the shelf, its units may only be held: the shop knows when they come back. */
live.addEventListener("stock", (event) => {
  const { sku, available: left } = /** @type {CustomEvent} */ (event).detail;
  enable();
  if (left > 0 || !page?.querySelector(`[data-skus="${CSS.escape(sku)}"]`)) return;
  clearTimeout(asking);
  asking = setTimeout(back, 300 + Math.random() * 1200); // All who look at it hear of it in the same moment.
});

async function back() {
  const answer = await fetch(`/products/${encodeURIComponent(page?.dataset.product ?? "")}/inventory`);
  if (!answer.ok) return;
  const { held_until, as_of } = /** @type {{held_until: Record<string, string>, as_of: string}} */ (await answer.json());
  for (const [sku, until] of Object.entries(held_until)) {
    const place = page?.querySelector(`[data-skus="${CSS.escape(sku)}"]`);
    const minutes = Math.max(1, Math.ceil((Date.parse(until) - Date.parse(as_of)) / 60_000));
    if (!(place instanceof HTMLElement) || (live.level(sku)?.available ?? 1) > 0) continue;
    setText(place, words("back", { count: minutes }));
    place.dataset.level = "held";
  }
}

if (page?.dataset.product) note(page.dataset.product);
