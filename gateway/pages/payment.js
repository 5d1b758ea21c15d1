/**
 * Paying, as Stripe.js does it: the browser confirms the payment intent with Stripe itself; the card never meets the
 * shop.
 *
 * Stripe.js is not loaded: it comes from another origin, and this page is for the sandbox and Stripe's test mode, where
 * a card is named rather than typed.
 */

import { byId, h, safeUrl, setText } from "./dom.js";
import { price } from "./money.js";

/** @typedef {import("./types.js").PaymentView} Payment */
/**
 * @typedef {{kind: "paid"} | {kind: "waiting"} | {kind: "approve", url: string}
 *   | {kind: "refused", words: string}} Outcome
 */

const TIMEOUT_MS = 20_000;

/** Stripe's names for cards with these outcomes. */
const TEST_CARDS = [
  { method: "pm_card_visa", title: "Visa 4242", hint: "succeeds" },
  { method: "pm_card_chargeDeclined", title: "Visa 0002", hint: "is declined" },
  { method: "pm_card_authenticationRequired", title: "Visa 3184", hint: "asks for approval" },
];

/**
 * Confirm the payment at Stripe.
 *
 * @param {string} api_base
 * @param {Payment} payment
 * @param {string} method Of payment, such as `pm_card_visa`.
 * @param {string} return_url Where the bank's page sends the customer afterwards.
 * @returns {Promise<Outcome>}
 */
export async function confirm(api_base, payment, method, return_url) {
  const form = new URLSearchParams({
    key: payment.publishable_key,
    client_secret: payment.client_secret,
    payment_method: method,
    return_url,
  });
  try {
    const url = `${api_base.replace(/\/$/, "")}/v1/payment_intents/${encodeURIComponent(payment.intent)}/confirm`;
    const response = await fetch(url, { method: "POST", body: form, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return outcome(await response.json());
  } catch {
    // Unknown is not refused: a second confirm of a paid intent is answered with its state, not with a charge.
    return { kind: "refused", words: "The bank did not answer. Try again: you will not be charged twice." };
  }
}

/**
 * @param {any} answer A payment intent, or an error that holds one.
 * @returns {Outcome}
 */
function outcome(answer) {
  const intent = answer.error?.payment_intent ?? answer;
  if (intent.status === "succeeded") return { kind: "paid" };
  if (intent.status === "processing" || intent.status === "requires_capture") return { kind: "waiting" };
  if (answer.error) return { kind: "refused", words: answer.error.message ?? "The card was refused." };
  const url = safeUrl(intent.next_action?.redirect_to_url?.url ?? "");
  if (intent.status === "requires_action" && url) return { kind: "approve", url };
  return { kind: "refused", words: intent.last_payment_error?.message ?? "The payment did not go through." };
}

/** The payment form of an order's page. */
export class PaymentView {
  /** @type {HTMLFormElement} */ #form = byId("payment");
  /** @type {HTMLButtonElement} */ #pay = byId("pay");
  /** @type {Payment | null} */ #payment = null;
  #api_base = "";
  #order = "";

  constructor() {
    const cards = TEST_CARDS.map(({ method, title, hint }, index) =>
      h(
        "label",
        { class: "choice" },
        h("input", { type: "radio", name: "method", value: method, checked: index === 0, "data-testid": method }),
        h("span", {}, h("strong", { text: title }), h("small", { text: hint })),
      ),
    );
    byId("cards").append(...cards);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#confirm();
    });
  }

  /**
   * Offer to pay this order.
   *
   * @param {string} order
   * @param {Payment} payment
   * @param {string} api_base
   * @param {string} words The order's price.
   */
  show(order, payment, api_base, words) {
    const other = order !== this.#order;
    [this.#order, this.#payment, this.#api_base] = [order, payment, api_base];
    this.#form.hidden = false;
    byId("payment-live").hidden = !payment.publishable_key.startsWith("pk_live_");
    if (!other) return;
    setText(this.#pay, `Pay ${words}`);
    this.#pay.disabled = false;
  }

  hide() {
    this.#form.hidden = true;
    this.#order = "";
    this.tell("", "good");
  }

  /**
   * @param {string} words
   * @param {"good" | "bad"} kind
   * @param {string} [url] Where the customer must go.
   */
  tell(words, kind, url) {
    const note = byId("payment-note");
    note.dataset.kind = kind;
    note.replaceChildren(words);
    if (!url) return;
    const text = "Approve at your bank (new tab)";
    note.append(" ", h("a", { href: url, target: "_blank", rel: "noopener", "data-testid": "approve", text }));
  }

  async #confirm() {
    const order = this.#order;
    if (!this.#payment || this.#pay.disabled) return;
    const method = String(new FormData(this.#form).get("method"));
    this.#pay.disabled = true;
    this.tell("Asking the bank…", "good");
    const back = new URL(`/#order/${encodeURIComponent(order)}`, location.href).href;
    const result = await confirm(this.#api_base, this.#payment, method, back);
    if (order !== this.#order) return; // The customer went elsewhere meanwhile.
    this.#said(result);
  }

  /** @param {Outcome} result */
  #said(result) {
    // After "paid" the button stays off: the shop learns of it from Stripe, and the panel goes once the order is paid.
    this.#pay.disabled = result.kind === "paid" || result.kind === "waiting";
    if (result.kind === "paid") this.tell("Paid. The shop is being told…", "good");
    else if (result.kind === "waiting") this.tell("The bank is working on it. This page will tell.", "good");
    else if (result.kind === "approve") this.tell("Your bank wants to hear from you.", "good", result.url);
    else this.tell(`${result.words} You can try another card.`, "bad");
  }
}

/**
 * Write the amount to pay in words.
 *
 * @param {Payment} payment
 */
export function amountWords(payment) {
  return price(payment.amount);
}
