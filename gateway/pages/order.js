/** The page of an order, from "waiting for payment" to "delivered", as it happens. */

import { Problem, ask, newKey, shopNow } from "./api.js";
import { byId, h, say, setText } from "./dom.js";
import { price, times } from "./money.js";
import { forgetOrder, forgetPayment, isLink, keepOrder, orderKey } from "./order-keys.js";
import { PaymentView, amountWords } from "./payment.js";
import { countdownWords, inputWords, problemWords, timeWords } from "./words.js";

/** @typedef {import("./types.js").OrderView} Order */

/** The pause between polls, for a websocket that is silent or cannot pass a proxy. */
const POLL_MS = 5_000;

/** With less time left than this, the countdown asks for attention. */
const HURRY_MS = 300_000;

const FINAL = new Set(["delivered", "cancelled"]);
const CANCELLABLE = new Set(["pending_payment", "payment_processing", "paid", "picking"]);

/** The steps a customer thinks in, and the statuses that each stands for. */
const STEPS = [
  { title: "Ordered", of: ["pending_payment", "payment_processing"] },
  { title: "Paid", of: ["paid", "picking"] },
  { title: "Packed", of: ["packed"] },
  { title: "On its way", of: ["shipped", "in_transit"] },
  { title: "Delivered", of: ["delivered"] },
];

export class OrderView {
  #live;
  #config;
  #basket;
  #payment = new PaymentView();
  #id = "";
  #token = "";
  #stop = () => {};
  /** @type {number | undefined} */ #poll;
  #asked = 0;
  /** @type {Order | null} As last read. */ #order = null;

  /**
   * @param {import("./live.js").LiveShop} live
   * @param {() => Promise<import("./types.js").Config>} config
   * @param {import("./basket.js").Basket} basket
   */
  constructor(live, config, basket) {
    this.#live = live;
    this.#basket = basket;
    this.#config = config;
    live.addEventListener("order", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.order_id === this.#id) this.#refresh();
    });
    /** @type {HTMLDialogElement} */
    const sure = byId("cancel-dialog");
    byId("cancel-order").addEventListener("click", () => {
      sure.returnValue = ""; // It outlives a closing, and Escape leaves it as it was.
      sure.showModal();
    });
    byId("order-again").addEventListener("click", () => this.#again());
    setInterval(() => this.#tick(), 500);
    byId("withdraw-links").addEventListener("click", () => this.#withdrawLinks());
    sure.addEventListener("close", () => sure.returnValue === "cancel" && this.#cancel());
  }

  /** @param {string} id */
  open(id) {
    this.close();
    byId("order").hidden = false;
    const key = orderKey(id);
    this.#id = id;
    this.#token = key?.token ?? "";
    this.#blank(key ? "Loading…" : "This browser does not have the key to this order. Use the link in your e-mail.");
    if (!key) return;
    this.#stop = this.#live.watchOrder(id, key.token);
    this.#refresh();
  }

  close() {
    byId("order").hidden = true;
    this.#stop();
    this.#stop = () => {};
    this.#id = "";
    clearTimeout(this.#poll);
    this.#payment.hide();
  }

  /** Show the outcome of the bank's page, which sent the customer back here. */
  approval(/** @type {string} */ redirect_status) {
    if (redirect_status === "failed") this.#payment.tell("Your bank did not approve. You can try another card.", "bad");
    else say("Your bank has approved.");
  }

  async #refresh() {
    clearTimeout(this.#poll);
    const id = this.#id;
    const turn = ++this.#asked;
    let final = false;
    try {
      const order = await ask("GET", `/orders/${encodeURIComponent(id)}`, { token: this.#token });
      if (turn !== this.#asked || id !== this.#id) return; // A later question is on its way, and knows better.
      await this.#show(order);
      final = FINAL.has(order.status);
    } catch (error) {
      if (turn !== this.#asked || id !== this.#id) return;
      final = error instanceof Problem && error.status === 404;
      const old = "This link no longer opens the order. The newest of our mails has another.";
      if (final) this.#blank(isLink(this.#token) ? old : "The shop does not know this order.");
      else setText(byId("order-hint"), problemWords(error));
    }
    if (!final && id === this.#id) this.#poll = setTimeout(() => this.#refresh(), POLL_MS);
  }

  /** @param {string} words */
  #blank(words) {
    setText(byId("order-status"), words);
    setText(byId("order-title"), "Your order");
    setText(byId("order-hint"), "");
    byId("order-body").hidden = true;
    this.#order = null;
  }

  /** @param {Order} order */
  async #show(order) {
    byId("order-body").hidden = false;
    setText(byId("order-title"), `Order ${order.number}`);
    setText(byId("order-status"), order.status_text);
    byId("order-status").dataset.status = order.status;
    setText(byId("order-hint"), order.status === "cancelled" ? cancelWords(order) : "");
    byId("cancel-order").hidden = !CANCELLABLE.has(order.status);
    byId("order-again").hidden = !FINAL.has(order.status);
    this.#order = order;
    this.#tick();
    showSteps(order.status);
    showLines(order);
    showTracking(order.tracking);
    showTimeline(order.timeline);
    keepOrder({ id: order.id, token: this.#token, number: order.number });
    if (order.status !== "pending_payment") {
      if (order.status !== "payment_processing") forgetPayment(order.id); // Its bank may still refuse.
      return this.#payment.hide();
    }
    const payment = orderKey(order.id)?.payment;
    if (!payment) return setText(byId("order-hint"), "It can be paid in the browser it was ordered with.");
    const { stripe } = await this.#config();
    if (order.id !== this.#id) return; // The customer went elsewhere meanwhile.
    this.#payment.show(order.id, payment, stripe.api_base, amountWords(payment));
  }

  /** Count down to the end of the time to pay. At its end the order is read again, until the shop has cancelled it. */
  #tick() {
    const until = this.#order?.pay_until;
    const left_ms = until ? Date.parse(until) - shopNow() : 0;
    const deadline = byId("pay-deadline");
    deadline.dataset.state = left_ms < HURRY_MS ? "soon" : "";
    const words = `Please pay within ${countdownWords(left_ms)}: we keep everything for you until then.`;
    setText(deadline, !until ? "" : left_ms > 0 ? words : "The time to pay is over.");
  }

  /** Put the same lines into the basket, as far as they can be had. */
  async #again() {
    const [lines, button] = [this.#order?.lines ?? [], byId("order-again")];
    button.disabled = true;
    /** @type {string[]} */ const missing = [];
    for (const { sku, title, quantity, inputs } of lines) {
      const told = Object.fromEntries((inputs ?? []).map(({ key, value }) => [key, value]));
      const added = inputs?.length ? this.#basket.addWith(sku, told, quantity) : this.#basket.add(sku, quantity);
      await added.catch((error) => missing.push(`${title}: ${problemWords(error)}`));
    }
    button.disabled = false;
    if (missing.length < lines.length) location.hash = "#basket";
    if (missing.length) say(missing.join(" "), "bad");
  }

  /** Withdraw the links of all mails so far. Whoever came by one is locked out. */
  async #withdrawLinks() {
    const [id, token, button] = [this.#id, this.#token, byId("withdraw-links")];
    button.disabled = true;
    try {
      await ask("DELETE", `/orders/${encodeURIComponent(id)}/links`, { token, key: newKey() });
      say("The links in our mails no longer open this order.");
      if (isLink(token)) this.#leave(id, "You have withdrawn the links. The browser it was ordered in still opens it.");
    } catch (error) {
      say(problemWords(error), "bad");
    }
    button.disabled = false;
  }

  /**
   * Forget an order that can't be seen from here any more.
   *
   * @param {string} id
   * @param {string} words The reason.
   */
  #leave(id, words) {
    forgetOrder(id);
    this.close();
    byId("order").hidden = false;
    this.#blank(words);
  }

  async #cancel() {
    const button = byId("cancel-order");
    button.disabled = true;
    try {
      await ask("POST", `/orders/${encodeURIComponent(this.#id)}/cancel`, { token: this.#token, key: newKey() });
      say("Your order is cancelled.");
    } catch (error) {
      say(problemWords(error), "bad");
    }
    button.disabled = false;
    this.#refresh();
  }
}

/**
 * Say why an order has ended, and what becomes of its money.
 *
 * @param {Order} order
 */
function cancelWords({ timeline, refunded, total }) {
  const why = timeline.findLast(({ event }) => event === "OrderCancelled")?.text ?? "";
  const paid = timeline.some(({ event }) => event === "PaymentReceived" || event === "PaymentCameLate");
  if (!paid) return `${why} Nothing was charged.`;
  if (refunded.amount >= total.amount) return `${why} ${price(refunded)} went back to you.`;
  return `${why} Your money goes back to you.`;
}

/** @param {string} status */
function showSteps(status) {
  const at = STEPS.findIndex((step) => step.of.includes(status));
  byId("order-steps").hidden = at < 0; // Cancelled, or a status of a later version: the words above show it.
  const steps = STEPS.map(({ title }, index) => {
    const state = index < at || status === "delivered" ? "done" : index === at ? "now" : "next";
    return h("li", { "data-state": state, "aria-current": index === at && "step", text: title });
  });
  byId("order-steps").replaceChildren(...steps);
}

/** @param {Order} order */
function showLines(order) {
  const rows = order.lines.map(({ title, quantity, unit_price, inputs }) =>
    h(
      "li",
      {},
      h("span", { text: `${quantity} × ${title}` }),
      ...(inputs ?? []).map((told) => h("small", { "data-testid": "line-input", text: inputWords(told) })),
      h("b", { text: price(times(unit_price, quantity)) }),
    ),
  );
  byId("order-lines").replaceChildren(...rows);
  setText(byId("order-subtotal"), price(order.subtotal));
  setText(byId("order-shipping"), price(order.shipping));
  setText(byId("order-total"), price(order.total));
  const refunded = order.refunded.amount > 0 ? price(order.refunded) : "";
  setText(byId("order-refunded"), refunded);
  byId("order-refunded-row").hidden = !refunded;
}

/** @param {Order["tracking"]} tracking */
function showTracking(tracking) {
  byId("order-tracking-row").hidden = !tracking;
  if (tracking) setText(byId("order-tracking"), `${tracking.carrier} ${tracking.tracking_number}`);
}

/** @param {Order["timeline"]} timeline */
function showTimeline(timeline) {
  // Reversed first: entries of the same moment keep their order.
  const newest = [...timeline].reverse().sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  const items = newest.map(({ at, event, title, text }) =>
    h(
      "li",
      { "data-testid": "timeline-item", "data-event": event },
      h("p", { class: "event", text: title }),
      h("time", { datetime: at, text: timeWords(at) }),
      text ? h("p", { class: "detail", text }) : null,
    ),
  );
  byId("timeline").replaceChildren(...items);
}
