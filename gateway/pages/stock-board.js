/** The live stock of products in view: the list names their SKUs, and the websocket reports their numbers. */

/** @typedef {import("./live.js").LiveShop} LiveShop */

export class StockBoard extends EventTarget {
  #live;
  /** @type {Map<string, string[]>} Product to its SKUs. */ #skus = new Map();
  /** @type {Map<string, string>} SKU to its product. */ #product = new Map();
  /** @type {Map<string, () => void>} Products in view, each with its function to stop. */ #watched = new Map();

  /** @param {LiveShop} live */
  constructor(live) {
    super();
    this.#live = live;
    live.addEventListener("stock", (event) => {
      const product = this.#product.get(/** @type {CustomEvent} */ (event).detail.sku);
      if (product) this.dispatchEvent(new CustomEvent("product", { detail: product }));
    });
  }

  /**
   * Watch a product that came into view. Each change is a `product` event with its id.
   *
   * @param {string} id
   */
  watch(id) {
    if (!this.#watched.has(id)) this.#watched.set(id, this.#live.subscribe(this.skus(id)));
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
   * @returns {string[]}
   */
  skus(id) {
    return this.#skus.get(id) ?? [];
  }

  /**
   * @param {string} id
   * @returns {number | undefined} Units of all its SKUs, or undefined as long as one is not known.
   */
  available(id) {
    const levels = this.skus(id).map((sku) => this.#live.level(sku)?.available);
    return levels.reduce((sum, level) => (sum === undefined || level === undefined ? undefined : sum + level), 0);
  }

  /**
   * Add the SKUs of a product.
   *
   * @param {string} id
   * @param {string[]} skus
   */
  learn(id, skus) {
    this.#skus.set(id, skus);
    for (const sku of skus) this.#product.set(sku, id);
  }
}
