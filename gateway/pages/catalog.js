/**
 * The list of products: search, category, order, pages as one scrolls, and live counts for products in view.
 *
 * What is searched for stands in the address, `/?q=mug&category=Kitchen&sort=price&f.brand=Acme`: it can be shared, and
 * "back" leads to the search before.
 */

import { Problem, ask } from "./api.js";
import { byId, h, say, setText } from "./dom.js";
import { Facets, isFilter } from "./facets.js";
import { price } from "./money.js";
import { tile } from "./tile.js";
import { problemWords, stockLevel, stockWords } from "./words.js";

/** @typedef {import("./types.js").ProductSummary} ProductItem */

const PAGE = 100;

/** Typing pauses this long before the shop is asked. */
const TYPING_MS = 250;

/** The fields of the address besides filters, named as the API names them. */
const FIELDS = ["q", "category", "sort"];

export class CatalogView {
  #board;
  #basket;
  /** @type {Map<string, {item: ProductItem, card: HTMLElement}>} */ #cards = new Map();
  /** @type {string | null} */ #next = null;
  #loading = new AbortController();
  /** @type {number | undefined} */ #typing;
  #seen = new IntersectionObserver((entries) => this.#look(entries), { rootMargin: "120px" });
  #end = new IntersectionObserver(([entry]) => entry?.isIntersecting && this.#more(), { rootMargin: "600px" });
  /** @type {HTMLFormElement} */ #form = byId("search");
  /** @type {HTMLFieldSetElement} */ #categories = byId("categories");
  #facets = new Facets();
  /** As the list is shown. */ #search = "";
  /** Whether the last step in the history was made by typing: then the next letter makes no other. */ #typed = false;

  /**
   * @param {import("./stock-board.js").StockBoard} board
   * @param {import("./basket.js").Basket} basket
   */
  constructor(board, basket) {
    this.#board = board;
    this.#basket = basket;
    board.addEventListener("product", (event) => this.#refresh(/** @type {CustomEvent} */ (event).detail));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go(false);
    });
    byId("query").addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#go(true), TYPING_MS);
    });
    byId("filters").addEventListener("change", () => this.#go(false));
    byId("filters").addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
    byId("clear-filters").addEventListener("click", () => {
      this.#facets.clear();
      byId("query").focus(); // The button is about to go.
      this.#go(false);
    });
    byId("more").addEventListener("click", () => this.#more());
    addEventListener("popstate", () => fieldsOf(location.search).toString() !== this.#search && this.#read());
    this.#read();
  }

  /** Show what the address asks for. */
  #read() {
    const asked = fieldsOf(location.search);
    byId("query").value = asked.get("q") ?? "";
    byId("filters").elements.namedItem("sort").value = asked.get("sort") ?? "";
    if (asked.get("category")) this.offerCategories([asked.get("category") ?? ""]);
    const category = asked.get("category") ?? "";
    for (const input of this.#categories.querySelectorAll("input")) input.checked = input.value === category;
    this.#facets.show({ facets: [], prices: null }, asked);
    this.load();
  }

  /**
   * Search for what was entered, as a step that "back" undoes.
   *
   * @param {boolean} typed Whether a search is being typed: its letters are one step together.
   */
  #go(typed) {
    clearTimeout(this.#typing);
    const search = this.#entered().toString();
    const elsewhere = ["#order", "#checkout", "#legal"].some((place) => location.hash.startsWith(place));
    if (search === this.#search && !elsewhere) return;
    const step = typed && this.#typed && !elsewhere ? "replaceState" : "pushState";
    this.#typed = typed;
    history[step](null, "", `${location.pathname}${search && `?${search}`}#/`);
    dispatchEvent(new HashChangeEvent("hashchange")); // The history's own steps cause none.
    this.load();
  }

  /** @returns {URLSearchParams} What is in the fields. */
  #entered() {
    return fieldsOf(this.#facets.folded([...new FormData(this.#form), ...new FormData(byId("filters"))]));
  }

  /** Read the list again, as the form asks. An answer that is still on its way no longer counts. */
  async load() {
    clearTimeout(this.#typing);
    this.#search = this.#entered().toString();
    this.#loading.abort();
    this.#loading = new AbortController();
    byId("products").setAttribute("aria-busy", "true");
    await this.#page(true);
  }

  async #more() {
    if (this.#next === null || byId("products").getAttribute("aria-busy") === "true") return;
    byId("products").setAttribute("aria-busy", "true");
    await this.#page(false);
  }

  /** @param {boolean} fresh Whether this is the first page, which replaces the shown ones. */
  async #page(fresh) {
    const { signal } = this.#loading;
    try {
      const answer = await ask("GET", `/products?${this.#query(fresh)}`, { signal });
      const { items, next } = answer;
      if (fresh) this.#clear();
      if (fresh) this.#facets.show(answer, this.#entered());
      this.#next = next ?? null;
      this.#show(items);
      this.#learnCategories(items);
    } catch (error) {
      if (signal.aborted) return;
      this.#failed(error, fresh);
    }
    byId("products").removeAttribute("aria-busy");
  }

  /** @param {boolean} fresh */
  #query(fresh) {
    const query = this.#entered();
    query.set("limit", String(PAGE));
    if (!fresh && this.#next !== null) query.set("cursor", this.#next);
    return query;
  }

  #clear() {
    for (const [id, { card }] of this.#cards) {
      this.#seen.unobserve(card);
      this.#board.unwatch(id);
    }
    this.#cards.clear();
    byId("products").replaceChildren();
  }

  /** @param {ProductItem[]} items */
  #show(items) {
    const row = getComputedStyle(byId("products")).gridTemplateColumns.split(" ").length;
    for (const item of items) {
      if (this.#cards.has(item.id)) continue; // Pages may overlap when the catalogue changes between them.
      const card = this.#card(item, this.#cards.size < row);
      this.#cards.set(item.id, { item, card });
      this.#board.learn(item.id, item.skus);
      byId("products").append(card);
      this.#refresh(item.id);
      this.#seen.observe(card);
    }
    const count = this.#cards.size;
    const found = `${count} ${count === 1 ? "product" : "products"}${this.#next === null ? "" : " so far"}`;
    setText(byId("found"), count === 0 ? "Nothing fits. Try another word." : found);
    byId("more").hidden = this.#next === null;
    this.#end.disconnect();
    if (this.#next !== null) this.#end.observe(byId("more"));
  }

  /**
   * @param {ProductItem} item
   * @param {boolean} first Whether it stands in the first row.
   */
  #card(item, first) {
    const href = `#product/${encodeURIComponent(item.id)}`;
    const onclick = () => this.#add(item);
    const link = h("a", { class: "cover", href, "data-testid": "product-link" }, h("h3", { text: item.title }));
    const add = h("button", { type: "button", class: "add", "data-testid": "quick-add", onclick });
    return h(
      "li",
      { class: "card", "data-testid": "product-card", "data-product": item.id },
      tile(item, { first }),
      link,
      h("p", { class: "price", text: price(item.price) }),
      h("p", { class: "stock", "data-testid": "stock" }),
      add,
    );
  }

  /**
   * Write a card's current number.
   *
   * @param {string} id
   */
  #refresh(id) {
    const entry = this.#cards.get(id);
    if (!entry) return;
    const { item, card } = entry;
    const skus = this.#board.skus(id);
    const available = this.#board.available(id) ?? item.available;
    card.dataset.sku = skus.join(" ");
    const stock = /** @type {HTMLElement} */ (card.querySelector(".stock"));
    const first = stock.textContent;
    const news = setText(stock, stockWords(available));
    stock.dataset.level = stockLevel(available);
    if (news && first !== "") flash(stock);
    const add = /** @type {HTMLButtonElement} */ (card.querySelector(".add"));
    const isPlain = skus.length === 1 && !item.has_inputs;
    setText(add, isPlain ? "Add" : "Choose");
    add.setAttribute("aria-label", `${add.textContent}: ${item.title}`);
    add.disabled = isPlain && available <= 0;
  }

  /** @param {ProductItem} item */
  async #add(item) {
    const skus = this.#board.skus(item.id);
    const only = skus.length === 1 && !item.has_inputs ? skus[0] : undefined;
    if (only === undefined) {
      location.hash = `#product/${encodeURIComponent(item.id)}`;
      return;
    }
    await addToBasket(this.#basket, only, item.title);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #look(entries) {
    for (const { target, isIntersecting } of entries) {
      const id = /** @type {HTMLElement} */ (target).dataset.product ?? "";
      if (isIntersecting) this.#board.watch(id);
      else this.#board.unwatch(id);
    }
  }

  /**
   * Offer the categories that the shop has. Only an unfiltered list knows them all.
   *
   * @param {ProductItem[]} items
   */
  #learnCategories(items) {
    if ([...this.#entered().keys()].some((name) => name !== "sort")) return;
    this.offerCategories(items.flatMap((item) => item.category ?? []));
  }

  /** @param {string[]} names */
  offerCategories(names) {
    const known = new Set([...this.#categories.querySelectorAll("input")].map((input) => input.value));
    for (const name of [...new Set(names)].sort((a, b) => a.localeCompare(b))) {
      if (known.has(name)) continue;
      const input = h("input", { type: "radio", name: "category", value: name });
      this.#categories.append(h("label", { class: "chip" }, input, h("span", { text: name })));
    }
    this.#categories.hidden = this.#categories.querySelectorAll("input").length < 3; // "All" and one are no choice.
  }

  /**
   * @param {unknown} error
   * @param {boolean} fresh
   */
  #failed(error, fresh) {
    if (fresh && error instanceof Problem) setText(byId("found"), problemWords(error));
    say(problemWords(error), "bad");
  }
}

/**
 * Take the fields of a search out of an address or a form; those that are empty are left out.
 *
 * @param {string | Iterable<[string, unknown]>} given
 * @returns {URLSearchParams}
 */
function fieldsOf(given) {
  const fields = new URLSearchParams();
  for (const [name, entered] of typeof given === "string" ? new URLSearchParams(given) : given) {
    const value = String(entered).trim();
    if (value && FIELDS.includes(name)) fields.set(name, value);
    else if (value && isFilter(name)) fields.append(name, value);
  }
  return fields;
}

/**
 * Highlight a number that has changed. The mark is removed first, or the animation would not run again.
 *
 * @param {HTMLElement} element
 */
export function flash(element) {
  element.classList.remove("news");
  void element.offsetWidth;
  element.classList.add("news");
}

/**
 * @param {import("./basket.js").Basket} basket
 * @param {string} sku
 * @param {string} title
 * @param {import("./basket.js").Inputs} inputs
 */
export async function addToBasket(basket, sku, title, inputs = {}) {
  try {
    await (Object.keys(inputs).length ? basket.addWith(sku, inputs) : basket.add(sku, 1));
    say(`${title} is in your basket, held for ${basket.hold}.`);
  } catch (error) {
    say(`${title}: ${problemWords(error)}`, "bad");
  }
}
