/**
 * Which SKUs a product has and how many of it are left, live, for products that someone looks at.
 *
 * The list of products says a total only. The SKUs behind it are fetched when a product comes into view, a few at a
 * time, and remembered; from then on the websocket says their numbers.
 */

import { ask } from "./api.js";

/** @typedef {import("./live.js").LiveShop} LiveShop */

/** Inventories asked for at once. A fast scroll must not push the basket's requests aside. */
const AT_ONCE = 6;

export class StockBoard extends EventTarget {
  #live;
  /** @type {Map<string, string[]>} Product to its SKUs. */ #skus = new Map();
  /** @type {Map<string, string>} SKU to its product. */ #product = new Map();
  /** @type {Map<string, () => void>} Products in view, each with how to stop watching. */ #watched = new Map();
  /** @type {string[]} Products whose SKUs are still to be fetched. */ #queue = [];
  /** @type {Set<string>} Those, and the ones being fetched. */ #pending = new Set();
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
   * Watch a product, which came into view. Each news of it is a `product` event with its id.
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
   * It went out of view.
   *
   * @param {string} id
   */
  unwatch(id) {
    this.#watched.get(id)?.();
    this.#watched.delete(id);
  }

  /**
   * @param {string} id
   * @returns {string[] | undefined} Undefined as long as nobody told us.
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
   * Take in the SKUs of a product that were learned elsewhere.
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
