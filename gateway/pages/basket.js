/**
 * The basket as the shop knows it: it lives on the server, where its units are held; the page keeps only its key.
 *
 * Reports every change with a `change` event. A quantity shows at once and is corrected by the answer: a customer who
 * taps "+" three times should not wait three times.
 */

import { Problem, ask, newKey } from "./api.js";

/** @typedef {import("./types.js").CartView} Cart */
/** @typedef {import("./types.js").CartLineView} CartLine */

const CART_KEY = "shopflow.cart";

export const MOST_OF_ONE = 99;

export class Basket extends EventTarget {
  /** @type {Cart | null} */ #cart = null;
  /** @type {Map<string, number>} Quantities that were requested and not answered yet. */ #asked = new Map();
  /** Reads and changes are sent one after the other: an old answer must not hide a newer one. */
  #queue = Promise.resolve();

  constructor() {
    super();
    // Another tab made, emptied or bought the basket.
    addEventListener("storage", (event) => event.key === CART_KEY && this.load().catch(() => {}));
  }

  /** @returns {string | null} */
  get id() {
    return localStorage.getItem(CART_KEY);
  }

  /** @returns {CartLine[]} As last answered by the shop. */
  get lines() {
    return this.#cart?.lines ?? [];
  }

  /** @returns {import("./types.js").Money | null} */
  get subtotal() {
    return this.#cart?.subtotal ?? null;
  }

  /** @returns {number} Units in all. */
  get count() {
    return this.lines.reduce((sum, line) => sum + this.quantity(line.sku), 0);
  }

  /**
   * @param {string} sku
   * @returns {number} In the basket, or about to be.
   */
  quantity(sku) {
    return this.#asked.get(sku) ?? this.#line(sku)?.quantity ?? 0;
  }

  /**
   * @param {string} sku
   * @returns {boolean} Whether a change of this line is on its way.
   */
  busy(sku) {
    return this.#asked.has(sku);
  }

  /** Read the basket again. A basket that the shop no longer knows is dropped. */
  load() {
    return this.#inTurn(() => this.#read());
  }

  async #read() {
    const id = this.id;
    if (!id) return this.#take(null);
    try {
      this.#take(await ask("GET", `/carts/${encodeURIComponent(id)}`));
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
      this.forget();
    }
  }

  /**
   * Set the quantity of a SKU; 0 removes it. Setting the same quantity again renews the hold.
   *
   * @param {string} sku
   * @param {number} quantity 0 to 99.
   * @throws {Problem} 409 `out_of_stock`: the basket is as it was.
   */
  set(sku, quantity) {
    this.#asked.set(sku, quantity);
    this.#changed();
    return this.#inTurn(() => this.#settle(sku, quantity));
  }

  /**
   * Add one unit of a SKU.
   *
   * @param {string} sku
   */
  add(sku) {
    return this.set(sku, Math.min(this.quantity(sku) + 1, MOST_OF_ONE));
  }

  /** Drop the basket: it was bought, or is gone. The next SKU that is added starts a new one. */
  forget() {
    localStorage.removeItem(CART_KEY);
    this.#take(null);
  }

  /**
   * @param {() => Promise<void>} work
   * @returns {Promise<void>}
   */
  #inTurn(work) {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /**
   * @param {string} sku
   * @param {number} quantity
   */
  async #settle(sku, quantity) {
    if (this.#asked.get(sku) !== quantity) return; // A later tap replaces this one.
    try {
      this.#cart = await this.#put(sku, quantity);
    } finally {
      if (this.#asked.get(sku) === quantity) this.#asked.delete(sku);
      this.#changed();
    }
  }

  /**
   * @param {string} sku
   * @param {number} quantity
   * @returns {Promise<Cart | null>}
   */
  async #put(sku, quantity) {
    const id = this.id ?? (await this.#create());
    try {
      return await put(id, sku, quantity);
    } catch (error) {
      const gone = error instanceof Problem && error.status === 404 && error.code !== "unknown_sku";
      if (!gone) throw error;
      return this.#replace(sku, quantity);
    }
  }

  /**
   * Start another basket with the known lines: the shop forgot this one (baskets are kept for a while only).
   *
   * @param {string} sku
   * @param {number} quantity
   */
  async #replace(sku, quantity) {
    const lost = this.lines.filter((line) => line.sku !== sku);
    const id = await this.#create();
    for (const line of lost) {
      this.#cart = await put(id, line.sku, line.quantity).catch(() => this.#cart); // It may be sold out by now.
    }
    return put(id, sku, quantity);
  }

  /** @returns {Promise<string>} */
  async #create() {
    const cart = await ask("POST", "/carts", { key: newKey() });
    localStorage.setItem(CART_KEY, cart.id);
    this.#cart = cart;
    return cart.id;
  }

  /** @param {string} sku */
  #line(sku) {
    return this.lines.find((line) => line.sku === sku);
  }

  /** @param {Cart | null} cart */
  #take(cart) {
    this.#cart = cart;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * @param {string} id
 * @param {string} sku
 * @param {number} quantity
 * @returns {Promise<Cart>}
 */
function put(id, sku, quantity) {
  const path = `/carts/${encodeURIComponent(id)}/lines/${encodeURIComponent(sku)}`;
  return quantity > 0 ? ask("PUT", path, { body: { quantity } }) : ask("DELETE", path);
}

/**
 * Compute how long a line's units are still held.
 *
 * @param {CartLine} line
 * @param {number} now_ms On the shop's clock.
 * @returns {number} Milliseconds; 0 when they are not held (any more).
 */
export function heldFor(line, now_ms) {
  if (line.held < line.quantity) return 0;
  return Math.max(0, Date.parse(line.held_until) - now_ms);
}
