/** The basket in a side panel: quantities, the time each line is still held, and the way to the checkout. */

import { shopNow } from "./api.js";
import { MOST_OF_ONE, heldFor } from "./basket.js";
import { byId, h, say, setText } from "./dom.js";
import { price, times } from "./money.js";
import { countdownWords, inputWords, partWords, problemWords } from "./words.js";

/** @typedef {import("./types.js").CartLineView} CartLine */

/** Held for less than this, a countdown asks for attention. */
const HURRY_MS = 120_000;

export class BasketView {
  #basket;
  /** @type {HTMLDialogElement} */ #dialog = byId("basket");
  /** @type {Map<string, HTMLElement>} Lines stay the same elements while they change, so that focus stays too. */
  #lines = new Map();

  /** @param {import("./basket.js").Basket} basket */
  constructor(basket) {
    this.#basket = basket;
    basket.addEventListener("change", () => this.#show());
    // One clock for all lines. It reads the time at each tick, as timers of a page in the background are late.
    setInterval(() => this.#tick(), 500);
  }

  open() {
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#show();
    this.#basket.load().catch((error) => say(problemWords(error), "bad"));
  }

  close() {
    if (this.#dialog.open) this.#dialog.close();
  }

  #show() {
    const { lines, count, subtotal } = this.#basket;
    setText(byId("basket-count"), String(count));
    byId("basket-link").setAttribute("aria-label", `Basket, ${count} ${count === 1 ? "unit" : "units"}`);
    byId("basket-empty").hidden = lines.length > 0;
    byId("basket-foot").hidden = lines.length === 0;
    if (subtotal) setText(byId("basket-subtotal"), price(subtotal));
    for (const [id, element] of this.#lines) {
      if (lines.some((line) => line.id === id)) continue;
      element.remove();
      this.#lines.delete(id);
    }
    for (const line of lines) this.#fill(this.#lines.get(line.id) ?? this.#make(line), line);
    this.#tick();
  }

  /** @param {CartLine} line */
  #make(line) {
    const { id, sku, title } = line;
    const step = (/** @type {number} */ by) => this.#try(line, () => this.#basket.add(id, by));
    const count = h("input", {
      type: "number",
      inputmode: "numeric",
      min: 1,
      max: MOST_OF_ONE,
      "aria-label": `Quantity of ${title}`,
      "data-testid": "quantity",
      onchange: () => this.#set(line, Number(count.value) || this.#basket.quantity(id)), // Emptied by mistake.
    });
    const element = h(
      "li",
      { class: "line", "data-testid": "basket-line", "data-sku": sku },
      h("p", { class: "name", text: title }),
      h("p", { class: "price", "data-testid": "line-total" }),
      ...line.inputs.map((told) => h("p", { class: "parts", "data-testid": "line-input", text: inputWords(told) })),
      ...(line.parts.length ? [h("p", { class: "parts", text: partWords(line.parts) })] : []),
      h(
        "div",
        { class: "stepper" },
        button("−", "less", () => step(-1), { "aria-label": `One ${title} less` }),
        count,
        button("+", "more-of-it", () => step(1), { "aria-label": `One ${title} more` }),
      ),
      button("Remove", "remove", () => this.#set(line, 0), { class: "plain", "aria-label": `Remove ${title}` }),
      h("p", { class: "news", "data-testid": "line-news" }),
      h(
        "p",
        { class: "hold" },
        h("span", { class: "countdown", "data-testid": "countdown" }),
        button("Hold again", "hold-again", () => this.#set(line, this.#basket.quantity(id)), { class: "plain again", "aria-label": `Hold ${title} again` }),
      ),
    );
    this.#lines.set(id, element);
    byId("basket-lines").append(element);
    return element;
  }

  /**
   * @param {HTMLElement} element
   * @param {CartLine} line
   */
  #fill(element, line) {
    const quantity = this.#basket.quantity(line.id);
    const input = /** @type {HTMLInputElement} */ (element.querySelector("input"));
    if (document.activeElement !== input || !this.#basket.busy(line.id)) input.value = String(quantity);
    setText(/** @type {Element} */ (element.querySelector(".price")), price(times(line.unit_price, quantity)));
    setText(/** @type {Element} */ (element.querySelector(".news")), lineNews(line));
    element.toggleAttribute("aria-busy", this.#basket.busy(line.id));
  }

  #tick() {
    const now_ms = shopNow();
    for (const line of this.#basket.lines) {
      const element = this.#lines.get(line.id);
      if (element) showHold(element, heldFor(line, now_ms));
    }
  }

  /**
   * @param {CartLine} line
   * @param {number} quantity
   */
  #set(line, quantity) {
    const whole = Math.min(Math.max(Math.round(quantity) || 0, 0), MOST_OF_ONE);
    return this.#try(line, () => this.#basket.set(line.id, whole));
  }

  /**
   * @param {CartLine} line
   * @param {() => Promise<void>} change
   */
  async #try(line, change) {
    try {
      await change();
    } catch (error) {
      say(`${line.title}: ${problemWords(error)}`, "bad");
    }
  }
}

/**
 * Describe a line's changes since it was set.
 *
 * @param {CartLine} line
 */
function lineNews({ for_sale, unit_price, unit_price_before }) {
  if (!for_sale) return "No longer sold: please remove it.";
  return unit_price_before ? `Was ${price(unit_price_before)}, is ${price(unit_price)} now.` : "";
}

/**
 * @param {string} text
 * @param {string} testid
 * @param {() => void} onclick
 * @param {import("./dom.js").Props} props
 */
function button(text, testid, onclick, props) {
  return h("button", { type: "button", "data-testid": testid, text, onclick, ...props });
}

/**
 * @param {HTMLElement} element
 * @param {number} left_ms
 */
function showHold(element, left_ms) {
  const countdown = /** @type {HTMLElement} */ (element.querySelector(".countdown"));
  setText(countdown, left_ms > 0 ? `held for you ${countdownWords(left_ms)}` : "no longer held");
  countdown.dataset.state = left_ms <= 0 ? "over" : left_ms < HURRY_MS ? "soon" : "held";
  /** @type {HTMLElement} */ (element.querySelector(".again")).hidden = left_ms > 0;
}
