/**
 * Live stock, order news and changed carts over one websocket. Depends on nothing else of this page: take it into your own.
 *
 *     const live = new LiveShop("/live");
 *     live.addEventListener("stock", (event) => console.log(event.detail)); // {sku, available, version}
 *     live.addEventListener("order", (event) => console.log(event.detail)); // {order_id, status, at}
 *     live.addEventListener("cart", (event) => console.log(event.detail)); // A cart's id: read it again.
 *     live.addEventListener("status", (event) => console.log(event.detail)); // "connecting", "live", ...
 *     live.start();
 *     const release = live.subscribe(["MUG", "LAMP"]);
 *     const stop = live.watchOrder(order.id, order.access_token);
 *
 * The newest level of each SKU is kept, and never goes back: frames of an old connection, answers over HTTP (`offer`)
 * and frames of the new connection may overtake each other; the higher version is true. A connection that ends is made
 * again, after 0.5 s doubling to 15 s, with jitter so that not all visitors reconnect at once when a shop restarts;
 * subscriptions are sent again with the known versions.
 */

/** @typedef {{sku: string, available: number, version: number}} Level */
/** @typedef {"closed" | "connecting" | "live" | "stale" | "reconnecting"} Status `stale`: connected, but the
 *   shop reports that it may have missed changes and is catching up. */

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const CONNECT_TIMEOUT_MS = 10_000;

/** The shop's bound on SKUs for one client. The SKU that was requested longest ago makes room. */
const MAX_SKUS = 128;

/** A page requests SKUs one by one while it scrolls; requests within this time travel in one frame. */
const GATHER_MS = 20;

/** The shop's code for abuse: reconnect, but not soon. */
const CLOSED_FOR_ABUSE = 1008;

export class LiveShop extends EventTarget {
  #url;
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Status} */ #status = "closed";
  /** @type {Map<string, Level>} */ #levels = new Map();
  /** @type {Map<string, number>} The number of subscribers of each SKU, in order of request. */ #wanted = new Map();
  /** @type {Set<string>} Wanted, and not sent to the shop yet. */ #unsent = new Set();
  /** @type {Set<string>} No longer wanted, and not sent to the shop yet. */ #gone = new Set();
  /** @type {Map<string, string>} Order id to access token. */ #orders = new Map();
  /** @type {Set<string>} The watched carts' ids. */ #carts = new Set();
  /** @type {Set<string>} The watched lists of staff: "orders", "flow". */ #lists = new Set();
  #failures = 0;
  /** @type {number | undefined} */ #retry;
  /** @type {number | undefined} */ #flush;
  /** @type {number | undefined} */ #patience;
  #wake = () => this.#hurry();

  /** @param {string | URL} url Where `/live` is; relative and http addresses are fine. */
  constructor(url) {
    super();
    this.#url = new URL(url, location.href);
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
  }

  /** @returns {Status} */
  get status() {
    return this.#status;
  }

  /** Connect, and stay connected until `stop`. */
  start() {
    addEventListener("online", this.#wake);
    document.addEventListener("visibilitychange", this.#wake);
    if (this.#status === "closed") this.#connect();
  }

  /** Disconnect. Subscriptions are remembered for the next `start`. */
  stop() {
    removeEventListener("online", this.#wake);
    document.removeEventListener("visibilitychange", this.#wake);
    clearTimeout(this.#retry);
    this.#drop();
    this.#become("closed");
  }

  /**
   * Receive every change of these SKUs, as `stock` events; their present levels come first.
   *
   * @param {Iterable<string>} skus
   * @returns {() => void} Call it once to end the subscription. Other subscribers of a SKU keep it.
   */
  subscribe(skus) {
    const mine = [...new Set(skus)];
    for (const sku of mine) {
      const count = this.#wanted.get(sku) ?? 0;
      this.#wanted.delete(sku); // To the end of the queue for leaving.
      this.#wanted.set(sku, count + 1);
      if (count === 0 && !this.#gone.delete(sku)) this.#unsent.add(sku);
    }
    while (this.#wanted.size > MAX_SKUS) this.#leave(/** @type {string} */ (this.#wanted.keys().next().value));
    this.#gather();
    return () => mine.splice(0).forEach((sku) => this.#release(sku));
  }

  /**
   * Receive every change of an order, as `order` events.
   *
   * @param {string} id
   * @param {string} token The order's access token.
   * @returns {() => void} Call it to end the subscription.
   */
  watchOrder(id, token) {
    this.#orders.set(id, token);
    this.#send({ op: "watch_order", order_id: id, token });
    return () => void this.#orders.delete(id); // The shop forgets with the connection; until then we do not listen.
  }

  /**
   * Receive a `cart` event now and whenever this cart is to be read again.
   *
   * @param {string} id
   * @returns {() => void} Call it to end the subscription.
   */
  watchCart(id) {
    this.#carts.add(id);
    this.#send({ op: "watch_cart", cart_id: id });
    return () => void this.#carts.delete(id); // As with orders.
  }

  /**
   * Receive a list of staff, as events of its name, while it changes. Whoever may not gets a `trouble` event.
   *
   * @param {"orders" | "flow"} name
   * @returns {() => void} Call it to end the subscription.
   */
  watchList(name) {
    this.#lists.add(name);
    this.#send({ op: `watch_${name}` });
    return () => void this.#lists.delete(name); // As with orders.
  }

  /**
   * Add levels from elsewhere, such as HTTP. Levels older than ours are skipped.
   *
   * @param {Iterable<Level>} levels
   */
  offer(levels) {
    for (const { sku, available, version } of levels) {
      const known = this.#levels.get(sku);
      if (known && known.version >= version) continue;
      const level = { sku, available, version };
      this.#levels.set(sku, level);
      this.dispatchEvent(new CustomEvent("stock", { detail: level }));
    }
  }

  /** @param {string} sku @returns {Level | undefined} The newest we know. */
  level(sku) {
    return this.#levels.get(sku);
  }

  #connect() {
    this.#become(this.#failures ? "reconnecting" : "connecting");
    let socket;
    try {
      socket = new WebSocket(this.#url);
    } catch {
      // A page behind HTTPS may open no plain socket, and a policy may forbid any: the page works without.
      this.#lost(0);
      return;
    }
    this.#socket = socket;
    // Every handler checks that its socket is the current one: an abandoned socket must have no effect.
    socket.onopen = () => socket === this.#socket && this.#greet();
    socket.onmessage = (event) => socket === this.#socket && this.#hear(event.data);
    socket.onclose = (event) => socket === this.#socket && this.#lost(event.code);
    this.#patience = setTimeout(() => this.#lost(0), CONNECT_TIMEOUT_MS);
  }

  #greet() {
    clearTimeout(this.#patience);
    this.#unsent = new Set(this.#wanted.keys());
    this.#gone.clear();
    this.#become("live");
    this.#tellWants();
    for (const [order_id, token] of this.#orders) this.#send({ op: "watch_order", order_id, token });
    for (const cart_id of this.#carts) this.#send({ op: "watch_cart", cart_id });
    for (const name of this.#lists) this.#send({ op: `watch_${name}` });
  }

  /** @param {number} code */
  #lost(code) {
    this.#drop();
    this.#failures = code === CLOSED_FOR_ABUSE ? Infinity : this.#failures + 1;
    this.#become("reconnecting");
    const pause_ms = Math.min(FIRST_PAUSE_MS * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), pause_ms * (0.5 + Math.random() / 2));
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#patience);
    clearTimeout(this.#flush);
    socket?.close();
  }

  /** Reconnect at once when the network or the reader is back: a long pause would look broken. */
  #hurry() {
    if (this.#status !== "reconnecting" || this.#socket || document.hidden || this.#failures === Infinity) return;
    clearTimeout(this.#retry);
    this.#connect();
  }

  /** @param {string} data */
  #hear(data) {
    const frame = JSON.parse(data);
    this.#failures = 0; // Only a shop that speaks is well: one that accepts and closes is not.
    if (frame.op === "subscribed" || frame.op === "stocks") this.#heard(frame.stock ?? []);
    else if (frame.op === "stock") this.#heard([frame]);
    else if (frame.op === "stale") this.#doubt();
    else if (frame.op === "order" && this.#orders.has(frame.order_id)) this.#tell("order", frame);
    else if (frame.op === "cart" && this.#carts.has(frame.cart_id)) this.#tell("cart", frame.cart_id);
    else if (this.#lists.has(frame.op)) this.#tell(frame.op, frame);
    else if (frame.op === "error") this.#tell("trouble", { code: frame.code, detail: frame.detail });
  }

  /** @param {Level[]} levels */
  #heard(levels) {
    if (this.#status === "stale") this.#become("live");
    this.offer(levels);
  }

  /** Subscribe to everything again, a little later: the answer contains missed changes, or shows that all is well. */
  #doubt() {
    this.#become("stale");
    this.#unsent = new Set(this.#wanted.keys());
    clearTimeout(this.#flush);
    this.#flush = setTimeout(() => {
      this.#tellWants();
      for (const cart_id of this.#carts) this.#tell("cart", cart_id);
    }, 1000 + Math.random() * 2000);
  }

  #gather() {
    clearTimeout(this.#flush);
    this.#flush = setTimeout(() => this.#tellWants(), GATHER_MS);
  }

  #tellWants() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return; // Sent when it opens.
    const [gone, skus] = [[...this.#gone], [...this.#unsent]];
    this.#gone.clear();
    this.#unsent.clear();
    if (gone.length) this.#send({ op: "unsubscribe", skus: gone }); // First, as it makes room.
    if (!skus.length) return;
    const known = skus.flatMap((sku) => this.#levels.get(sku) ?? []);
    const versions = Object.fromEntries(known.map(({ sku, version }) => [sku, version]));
    this.#send({ op: "subscribe", skus, versions });
  }

  /** @param {string} sku */
  #release(sku) {
    const count = this.#wanted.get(sku);
    if (count === undefined) return; // It had to make room before.
    if (count > 1) this.#wanted.set(sku, count - 1);
    else this.#leave(sku);
  }

  /** @param {string} sku */
  #leave(sku) {
    this.#wanted.delete(sku);
    if (!this.#unsent.delete(sku)) this.#gone.add(sku);
    this.#gather();
  }

  /** @param {unknown} frame */
  #send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** @param {Status} status */
  #become(status) {
    if (status === this.#status) return;
    this.#status = status;
    this.#tell("status", status);
  }

  /** @param {string} type @param {unknown} detail */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
