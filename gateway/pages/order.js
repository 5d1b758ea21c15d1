/** The page of an order, from "waiting for payment" to "delivered", as it happens. */

import { Problem, ask, newKey } from "./api.js";
import { byId, h, say, setText } from "./dom.js";
import { price, times } from "./money.js";
import { forgetOrder, forgetPayment, isLink, keepOrder, orderKey, orderKeys } from "./order-keys.js";
import { PaymentView, amountWords } from "./payment.js";
import { detailWords, eventWords, problemWords, statusWords, timeWords } from "./words.js";

/** @typedef {import("./types.js").OrderView} Order */

/** The pause between polls, for a websocket that is silent or cannot pass a proxy. */
const POLL_MS = 5_000;

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
  #payment = new PaymentView();
  #id = "";
  #token = "";
  #stop = () => {};
  /** @type {number | undefined} */ #poll;
  #asked = 0;

  /**
   * @param {import("./live.js").LiveShop} live
   * @param {() => Promise<import("./types.js").Config>} config
   */
  constructor(live, config) {
    this.#live = live;
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
      if (final) this.#blank("The shop does not know this order.");
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
  }

  /** @param {Order} order */
  async #show(order) {
    byId("order-body").hidden = false;
    setText(byId("order-title"), `Order ${order.number}`);
    setText(byId("order-status"), statusWords(order.status));
    byId("order-status").dataset.status = order.status;
    setText(byId("order-hint"), "");
    byId("cancel-order").hidden = !CANCELLABLE.has(order.status);
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
      say("Your order is cancelled. What was paid goes back to your card.");
    } catch (error) {
      say(problemWords(error), "bad");
    }
    button.disabled = false;
    this.#refresh();
  }
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
  const rows = order.lines.map(({ title, quantity, unit_price }) =>
    h("li", {}, h("span", { text: `${quantity} × ${title}` }), h("b", { text: price(times(unit_price, quantity)) })),
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
  const items = newest.map(({ at, event, detail }) =>
    h(
      "li",
      { "data-testid": "timeline-item", "data-event": event },
      h("p", { class: "event", text: eventWords(event) }),
      h("time", { datetime: at, text: timeWords(at) }),
      typeof detail === "string" && detail ? h("p", { class: "detail", text: detailWords(event, detail) }) : null,
    ),
  );
  byId("timeline").replaceChildren(...items);
}

/** Fill the list of the orders that this browser knows. */
export function showOrders() {
  const keys = orderKeys();
  byId("orders-link").hidden = keys.length === 0;
  const items = keys.map(({ id, number }) => {
    const href = `#order/${encodeURIComponent(id)}`;
    return h("li", {}, h("a", { href, "data-testid": "known-order", text: `Order ${number ?? id}` }));
  });
  byId("orders-list").replaceChildren(...items);
}
