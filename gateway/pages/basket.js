/**
 * The basket as the shop knows it: it lives on the server, where its units are held; the page keeps only its key.
 *
 * Reports every change with a `change` event. A change shows at once and is corrected by the answer: a customer who taps
 * "+" three times should not wait three times. "One more" is sent as a change and not as a quantity: another window may
 * have changed the basket since this one saw it. Windows learn of each other's changes from the shop, and tabs of one
 * browser from each other, too.
 */

import { Problem, ask, newKey, pause } from "./api.js";

/** @typedef {import("./types.js").CartView} Cart */
/** @typedef {import("./types.js").CartLineView} CartLine */
/** @typedef {{[key: string]: string}} Inputs What is told with a line, an engraving for example, by key. */
/**
 * @typedef {{quantity?: number, by: number, inputs?: Inputs}} Change A new quantity, or the shop's own, and units to add
 * to it; of a line that is not there yet, with its inputs.
 */

const CART_KEY = "shopflow.cart";
/** Set to something new at each change, for the browser's other tabs. */
const NEWS_KEY = "shopflow.cart.news";

export const MOST_OF_ONE = 99;

/** How often a change is retried, under its key, when its answer was lost. */
const REPEATS = 2;

export class Basket extends EventTarget {
  /** How long units are held, in words. */ hold = "you";
  #live;
  /** @type {Cart | null} */ #cart = null;
  /** @type {Map<string, Change>} Changes that are not sent yet. */ #waiting = new Map();
  /** @type {Map<string, Change>} The change that is sent and not answered yet. */ #sent = new Map();
  /** Reads and changes are sent one after the other: an old answer must not hide a newer one. */
  #queue = Promise.resolve();
  /** @type {Promise<void> | null} A read that has not begun yet. */ #reading = null;
  #watched = "";
  #stop = () => {};

  /** @param {import("./live.js").LiveShop} live */
  constructor(live) {
    super();
    this.#live = live;
    const again = () => this.load().catch(() => {});
    live.addEventListener("cart", again);
    addEventListener("storage", (event) => [CART_KEY, NEWS_KEY].includes(event.key ?? "") && again());
    this.#watch();
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
    const ids = new Set([...this.lines.map((line) => line.id), ...this.#sent.keys(), ...this.#waiting.keys()]);
    return [...ids].reduce((sum, id) => sum + this.quantity(id), 0);
  }

  /**
   * @param {string} sku
   * @returns {number} Units of a SKU in all lines.
   */
  units(sku) {
    const others = this.lines.filter((line) => line.sku === sku && line.id !== sku);
    return others.reduce((sum, line) => sum + this.quantity(line.id), this.quantity(sku));
  }

  /**
   * @param {string} sku
   * @returns {number} In the basket, or about to be.
   */
  quantity(sku) {
    const known = this.#line(sku)?.quantity ?? 0;
    const wanted = changed(changed(known, this.#sent.get(sku)), this.#waiting.get(sku));
    return Math.min(Math.max(wanted, 0), MOST_OF_ONE);
  }

  /**
   * @param {string} sku
   * @returns {boolean} Whether a change of this line is on its way.
   */
  busy(sku) {
    return this.#waiting.has(sku) || this.#sent.has(sku);
  }

  /** Read the basket again. A basket that the shop no longer knows is dropped. */
  load() {
    this.#reading ??= this.#inTurn(() => this.#read());
    return this.#reading;
  }

  async #read() {
    this.#reading = null;
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
   * @param {string} sku Or the id of a line, here and below.
   * @param {number} quantity 0 to 99.
   * @throws {Problem} 409 `out_of_stock`: the basket is as it was.
   */
  set(sku, quantity) {
    return this.#change(sku, { quantity, by: 0 });
  }

  /**
   * Add units of a SKU, or take some out. Taps that come while the shop is asked are sent together.
   *
   * @param {string} sku
   * @param {number} by
   * @throws {Problem} As `set`.
   */
  add(sku, by) {
    const { quantity, by: before } = this.#waiting.get(sku) ?? { by: 0 };
    return this.#change(sku, { quantity, by: before + by });
  }

  /**
   * Add units of a SKU with inputs: to the line that has just these, or as a new one.
   *
   * @param {string} sku
   * @param {Inputs} inputs
   * @param {number} by
   * @throws {Problem} As `set`; 422 `invalid` names the input that does not fit.
   */
  addWith(sku, inputs, by = 1) {
    return this.#inTurn(async () => {
      this.#take(await this.#send(sku, { by, inputs }));
      localStorage.setItem(NEWS_KEY, newKey());
    });
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
   * @param {Change} change All that is to be changed, earlier changes that still wait included.
   */
  #change(sku, change) {
    this.#waiting.set(sku, change);
    this.#changed();
    return this.#inTurn(() => this.#settle(sku));
  }

  /** @param {string} sku */
  async #settle(sku) {
    const change = this.#waiting.get(sku);
    if (!change) return; // Sent with an earlier tap.
    this.#waiting.delete(sku);
    this.#sent.set(sku, change);
    try {
      this.#cart = await this.#send(sku, change);
      localStorage.setItem(NEWS_KEY, newKey());
    } finally {
      this.#sent.delete(sku);
      this.#changed();
    }
  }

  /**
   * @param {string} sku
   * @param {Change} change
   * @returns {Promise<Cart | null>}
   */
  async #send(sku, change) {
    const id = this.id ?? (await this.#create());
    try {
      return await put(id, sku, change);
    } catch (error) {
      const gone = error instanceof Problem && error.status === 404 && error.code !== "unknown_sku";
      if (!gone) throw error;
      return this.#replace(sku, change);
    }
  }

  /**
   * Start another basket with the known lines: the shop forgot this one (baskets are kept for a while only).
   *
   * @param {string} sku
   * @param {Change} change
   */
  async #replace(sku, change) {
    const lost = this.lines;
    const id = await this.#create();
    for (const line of lost) {
      // It may be sold out by now.
      const inputs = Object.fromEntries(line.inputs.map(({ key, value }) => [key, value]));
      this.#cart = await put(id, line.sku, { quantity: line.quantity, by: 0, inputs }).catch(() => this.#cart);
    }
    return put(id, sku, change);
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
    return this.lines.find((line) => line.id === sku);
  }

  /** @param {Cart | null} cart */
  #take(cart) {
    this.#cart = cart;
    this.#changed();
  }

  /** Watch the basket that is ours now. */
  #watch() {
    const id = this.id ?? "";
    if (id === this.#watched) return;
    this.#stop();
    this.#watched = id;
    this.#stop = id ? this.#live.watchCart(id) : () => {};
  }

  #changed() {
    this.#watch();
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * @param {number} quantity
 * @param {Change | undefined} change
 * @returns {number}
 */
function changed(quantity, change) {
  return change ? (change.quantity ?? quantity) + change.by : quantity;
}

/**
 * Send a change, and send it again when its answer was lost: units to add under a key, so that the shop adds them once.
 *
 * @param {string} id
 * @param {string} sku
 * @param {Change} change
 * @returns {Promise<Cart>}
 */
async function put(id, sku, change) {
  const path = `/carts/${encodeURIComponent(id)}/lines/${encodeURIComponent(sku)}`;
  const quantity = change.quantity === undefined ? undefined : Math.min(change.quantity + change.by, MOST_OF_ONE);
  const told = Object.keys(change.inputs ?? {}).length ? { inputs: change.inputs } : {};
  const added = { body: { add: change.by, ...told }, key: newKey() };
  const sent = quantity === undefined ? added : { body: { quantity, ...told } };
  for (let repeat = 0; ; repeat++) {
    try {
      if (quantity !== undefined && quantity <= 0) return await ask("DELETE", path);
      return await ask("PUT", path, sent);
    } catch (error) {
      const lost = error instanceof Problem && (error.status === 0 || error.status === 503);
      if (!lost || repeat >= REPEATS) throw error;
      await pause((error.retry_after_s ?? 1) * 1000);
    }
  }
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
