/**
 * The SKUs of products in view, and their live stock.
 *
 * The list of products has totals only. A product's SKUs are fetched when it comes into view, a few products at a time,
 * and remembered; from then on the websocket reports their numbers.
 */

import { ask } from "./api.js";

/** @typedef {import("./live.js").LiveShop} LiveShop */

/** Inventories fetched at once. A fast scroll must not delay the basket's requests. */
const AT_ONCE = 6;

export class StockBoard extends EventTarget {
  #live;
  /** @type {Map<string, string[]>} Product to its SKUs. */ #skus = new Map();
  /** @type {Map<string, string>} SKU to its product. */ #product = new Map();
  /** @type {Map<string, () => void>} Products in view, each with its function to stop. */ #watched = new Map();
  /** @type {string[]} Products whose SKUs are still to be fetched. */ #queue = [];
  /** @type {Set<string>} The queued products, and the ones being fetched. */ #pending = new Set();
  #running = 0;

  /** @param {LiveShop} live */
  constructor(live) {
    super();
    this.#live = live;
    live.addEventListener("stock", (event) => {
      const product = this.#product.get(/** @type {CustomEvent} */ (event).detail.sku);
      if (product) this.#tell(product);
    });
  }

  /**
   * Watch a product that came into view. Each change is a `product` event with its id.
   *
   * @param {string} id
   */
  watch(id) {
    if (this.#watched.has(id)) return;
    this.#watched.set(id, () => {});
    if (this.#skus.has(id)) return this.#subscribe(id);
    if (this.#pending.has(id)) return; // It was in view a moment ago, too.
    this.#pending.add(id);
    this.#queue.push(id);
    this.#fetchMore();
  }

  /**
   * Stop watching a product that went out of view.
   *
   * @param {string} id
   */
  unwatch(id) {
    this.#watched.get(id)?.();
    this.#watched.delete(id);
  }

  /**
   * @param {string} id
   * @returns {string[] | undefined} Undefined as long as they are not known.
   */
  skus(id) {
    return this.#skus.get(id);
  }

  /**
   * @param {string} id
   * @returns {number | undefined} Units of all its SKUs, or undefined as long as one is not known.
   */
  available(id) {
    let sum = 0;
    for (const sku of this.#skus.get(id) ?? [undefined]) {
      const level = sku === undefined ? undefined : this.#live.level(sku);
      if (!level) return undefined;
      sum += level.available;
    }
    return sum;
  }

  /**
   * Add the SKUs of a product, learned elsewhere.
   *
   * @param {string} id
   * @param {string[]} skus
   */
  learn(id, skus) {
    this.#skus.set(id, skus);
    for (const sku of skus) this.#product.set(sku, id);
  }

  #fetchMore() {
    while (this.#running < AT_ONCE && this.#queue.length) {
      const id = /** @type {string} */ (this.#queue.shift());
      if (!this.#watched.has(id)) {
        this.#pending.delete(id); // It was scrolled past.
        continue;
      }
      this.#running += 1;
      this.#fetch(id)
        .catch(() => this.#watched.delete(id)) // Its total from the list still shows; asked again when next in view.
        .finally(() => {
          this.#running -= 1;
          this.#pending.delete(id);
          this.#fetchMore();
        });
    }
  }

  /** @param {string} id */
  async #fetch(id) {
    const { skus } = await ask("GET", `/products/${encodeURIComponent(id)}/inventory`);
    this.learn(id, skus.map((/** @type {{sku: string}} */ level) => level.sku));
    this.#live.offer(skus);
    this.#subscribe(id);
    this.#tell(id);
  }

  /** @param {string} id */
  #subscribe(id) {
    if (!this.#watched.has(id)) return;
    this.#watched.get(id)?.();
    this.#watched.set(id, this.#live.subscribe(this.#skus.get(id) ?? []));
  }

  /** @param {string} id */
  #tell(id) {
    this.dispatchEvent(new CustomEvent("product", { detail: id }));
  }
}
