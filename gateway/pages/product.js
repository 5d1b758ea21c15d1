/** A product in a dialog: its description, its SKUs, each with price, live stock and a way into the basket, and its like. */

import { ask } from "./api.js";
import { MOST_OF_ONE } from "./basket.js";
import { addToBasket, flash } from "./catalog.js";
import { byId, h, say, setText } from "./dom.js";
import { Gallery } from "./gallery.js";
import { price } from "./money.js";
import { tile } from "./tile.js";
import { partWords, problemWords, stockLevel, stockWords } from "./words.js";

/** @typedef {import("./types.js").ProductDetail} Product */
/** @typedef {import("./types.js").SkuDetail} SkuOffer */
/** @typedef {import("./types.js").ProductSummary} ProductItem */

const MOST_RELATED = 4;

export class ProductView {
  #live;
  #board;
  #basket;
  /** @type {HTMLDialogElement} */ #dialog = byId("product");
  /** @type {Map<string, {offer: SkuOffer, row: HTMLElement}>} */ #rows = new Map();
  #gallery = new Gallery();
  #release = () => {};
  #wanted = "";

  /**
   * @param {import("./live.js").LiveShop} live
   * @param {import("./stock-board.js").StockBoard} board
   * @param {import("./basket.js").Basket} basket
   */
  constructor(live, board, basket) {
    this.#live = live;
    this.#board = board;
    this.#basket = basket;
    live.addEventListener("stock", (event) => this.#refresh(/** @type {CustomEvent} */ (event).detail.sku));
    basket.addEventListener("change", () => [...this.#rows.keys()].forEach((sku) => this.#refresh(sku)));
  }

  /** @param {string} id */
  async open(id) {
    this.#wanted = id;
    try {
      const product = await ask("GET", `/products/${encodeURIComponent(id)}`);
      if (this.#wanted !== id) return; // Closed, or another was opened meanwhile.
      this.#show(product);
      if (!this.#dialog.open) this.#dialog.showModal();
      this.#dialog.scrollTop = 0;
      await this.#showRelated(id);
    } catch (error) {
      if (this.#wanted !== id) return;
      history.replaceState(null, "", "#/");
      this.close();
      say(problemWords(error), "bad");
    }
  }

  /**
   * Show what is like it, when that is known. Nobody waits for it, and nobody hears of it if it can't be had.
   *
   * @param {string} id
   */
  async #showRelated(id) {
    const { items } = await ask("GET", `/products/${encodeURIComponent(id)}/related?limit=${MOST_RELATED}`).catch(() => ({ items: [] }));
    if (this.#wanted !== id) return;
    byId("related-list").replaceChildren(...items.map(related));
    byId("product-related").hidden = items.length === 0;
  }

  close() {
    this.#wanted = "";
    this.#release();
    this.#release = () => {};
    this.#rows.clear();
    if (this.#dialog.open) this.#dialog.close();
  }

  /** @param {Product} product */
  #show(product) {
    this.#release();
    this.#rows.clear();
    byId("product-related").hidden = true;
    setText(byId("product-title"), product.title);
    setText(byId("product-description"), product.description);
    setText(byId("product-category"), product.category ?? "");
    this.#gallery.show(product);
    byId("product-inputs").replaceChildren(...product.inputs.map(field));
    byId("product-skus").replaceChildren(...product.skus.map((offer) => this.#row(product, offer)));
    const skus = product.skus.map((offer) => offer.sku);
    this.#board.learn(product.id, skus);
    this.#release = this.#live.subscribe(skus);
    for (const sku of skus) this.#refresh(sku);
  }

  /**
   * @param {Product} product
   * @param {SkuOffer} offer
   */
  #row(product, offer) {
    const same = offer.title === product.title || !offer.title;
    const name = same || product.skus.length === 1 ? product.title : `${product.title}, ${offer.title}`;
    const choose = () => this.#gallery.choose(offer.images);
    const add = h("button", {
      type: "button",
      class: "primary add",
      "data-testid": "add",
      "data-sku": offer.sku,
      "aria-label": `Add: ${name}`,
      onclick: () => this.#add(offer.sku, name),
      text: "Add",
    });
    const row = h(
      "li",
      { class: offer.images.length ? "sku pictured" : "sku", "data-testid": "sku", "data-sku": offer.sku, onclick: choose, onfocusin: choose },
      h("p", { class: "name", text: same ? "One size" : offer.title }),
      h("p", { class: "price", text: price(offer.price) }),
      ...(offer.parts.length ? [h("p", { class: "parts", text: partWords(offer.parts) })] : []),
      h("div", { class: "counts" }, h("p", { class: "stock", "data-testid": "sku-stock" }), h("p", { class: "mine" })),
      add,
    );
    this.#rows.set(offer.sku, { offer, row });
    return row;
  }

  /**
   * Add a unit, with what its buyer tells; nothing if something is missing, which the browser then shows.
   *
   * @param {string} sku
   * @param {string} name
   */
  async #add(sku, name) {
    /** @type {NodeListOf<HTMLInputElement | HTMLSelectElement>} */
    const controls = byId("product-inputs").querySelectorAll("input, select");
    for (const control of controls) if (!control.reportValidity()) return;
    const told = [...controls].filter(({ value }) => value.trim()).map(({ name: key, value }) => [key, value]);
    await addToBasket(this.#basket, sku, name, Object.fromEntries(told));
  }

  /** @param {string} sku */
  #refresh(sku) {
    const entry = this.#rows.get(sku);
    if (!entry) return;
    const { offer, row } = entry;
    const available = this.#live.level(sku)?.available ?? offer.available;
    const mine = this.#basket.units(sku);
    const stock = /** @type {HTMLElement} */ (row.querySelector(".stock"));
    const first = stock.textContent === "";
    if (setText(stock, stockWords(available)) && !first) flash(stock);
    stock.dataset.level = stockLevel(available);
    // Otherwise a customer who holds the last unit would see only "sold out".
    setText(/** @type {Element} */ (row.querySelector(".mine")), mine ? `${mine} in basket` : "");
    const add = /** @type {HTMLButtonElement} */ (row.querySelector(".add"));
    add.disabled = available <= 0 || mine >= MOST_OF_ONE;
  }
}

/** @param {ProductItem} item */
function related(item) {
  const href = `#product/${encodeURIComponent(item.id)}`;
  const picture = tile(item, { sizes: "(min-width: 44rem) 12rem, 46vw" });
  return h("li", {}, h("a", { href, "data-testid": "related-link" }, picture, h("span", { text: item.title })), h("p", { class: "price", text: price(item.price) }));
}

/**
 * Make the field of something that buyers may or must tell.
 *
 * @param {import("./types.js").InputView} input
 */
function field({ key, title, kind, choices, max_length: maxlength, surcharge, required }) {
  const more = surcharge?.amount ? ` (+${price(surcharge)})` : "";
  const props = { name: key, required, "data-testid": "input" };
  const options = ["", ...choices].map((choice) => h("option", { value: choice, text: choice || "–" }));
  const control = kind === "choice" ? h("select", props, ...options) : h("input", { ...props, type: "text", maxlength, autocomplete: "off" });
  return h("label", {}, `${title}${more}${required ? "" : ", if you like"}`, control);
}
