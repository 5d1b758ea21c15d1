/** The checkout, from the basket to an order: the buyer, the address, the shipping method. */

import { Problem, ask, newKey, pause, shopNow } from "./api.js";
import { heldFor } from "./basket.js";
import { byId, h, say, setText } from "./dom.js";
import { price, times } from "./money.js";
import { keepOrder } from "./order-keys.js";
import { countdownWords, daysWords, inputWords, problemWords } from "./words.js";

/** @typedef {{cart: string, body: unknown, key: string}} Attempt The request, and its idempotency key. */
/** @typedef {{form?: Record<string, string>, attempt?: Attempt}} Kept As typed, and an attempt not answered yet. */

const CHECKOUT_KEY = "shopflow.checkout";

/** How often to retry while a twin of our request is in progress. */
const TWIN = "idempotency_in_progress";
const TWIN_REPEATS = 5;
const TWIN_PAUSE_MS = 1_000;

export class CheckoutView {
  #basket;
  /** @type {HTMLFormElement} */ #form = byId("checkout-form");
  /** @type {HTMLButtonElement} */ #send = byId("place-order");
  #sending = false;
  /** @type {import("./types.js").QuoteView | null} As shown: no other total may be charged. */ #quote = null;
  #asked = 0;

  /**
   * @param {import("./basket.js").Basket} basket
   * @param {string[]} countries ISO 3166.
   */
  constructor(basket, countries) {
    this.#basket = basket;
    basket.addEventListener("change", () => {
      this.#summarize();
      this.#reckon();
    });
    byId("shipping-methods").addEventListener("change", () => this.#reckon());
    setInterval(() => !byId("checkout").hidden && this.#summarize(), 1000);
    this.#offerCountries(countries);
    this.#fill(kept().form ?? {});
    this.#form.addEventListener("input", () => keep({ ...kept(), form: this.#typed() }));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  open() {
    byId("checkout").hidden = false;
    this.#complain("");
    this.#summarize();
    this.#reckon();
    this.#resume().catch((error) => say(problemWords(error), "bad"));
  }

  close() {
    byId("checkout").hidden = true;
  }

  #submit() {
    const cart = this.#basket.id;
    if (!cart) return this.#complain("Your basket is empty.");
    const body = order(this.#typed(), this.#quote?.total ?? null);
    const { attempt } = kept();
    const again = attempt && JSON.stringify([attempt.cart, attempt.body]) === JSON.stringify([cart, body]);
    return this.#place(again ? attempt : { cart, body, key: newKey() });
  }

  /**
   * Retry an attempt whose basket is empty: the basket was bought, and we missed the answer.
   */
  async #resume() {
    await this.#basket.load();
    const { attempt } = kept();
    if (attempt && this.#basket.lines.length === 0) await this.#place(attempt);
  }

  /**
   * Send an attempt, under one key: a repeat after a lost answer, a reload or a double click finds the same order.
   *
   * @param {Attempt} attempt
   */
  async #place(attempt) {
    if (this.#sending) return;
    this.#busy(true);
    this.#complain("");
    keep({ ...kept(), attempt });
    try {
      const { order: made, access_token, payment } = await send(attempt);
      const id = typeof made === "string" ? made : made.id;
      keepOrder({ id, token: access_token, payment });
      sessionStorage.removeItem(CHECKOUT_KEY);
      if (this.#basket.id === attempt.cart) this.#basket.forget();
      location.replace(`#order/${encodeURIComponent(id)}`); // "Back" must not lead to a form that was sent.
    } catch (error) {
      // A definite refusal ends the attempt: its key would return the same refusal after the basket was mended.
      if (error instanceof Problem && isNo(error)) keep({ form: this.#typed() });
      this.#complain(problemWords(error));
      if (error instanceof Problem && error.status === 409) this.#basket.load().catch(() => {});
    } finally {
      this.#busy(false);
    }
  }

  /** Read the quote from the shop. Of several answers only the one to the last request counts. */
  async #reckon() {
    const cart = this.#basket.id;
    if (byId("checkout").hidden || !cart) return;
    const question = ++this.#asked;
    const chosen = this.#typed().shipping_method;
    const body = chosen ? { shipping_method: chosen } : {};
    try {
      const quote = await ask("POST", `/carts/${encodeURIComponent(cart)}/quote`, { body });
      if (question === this.#asked) this.#show(quote);
    } catch {
      if (question === this.#asked) this.#show(null);
    }
  }

  /** @param {import("./types.js").QuoteView | null} quote */
  #show(quote) {
    this.#quote = quote;
    setText(byId("summary-shipping"), quote?.shipping ? price(quote.shipping) : "–");
    setText(byId("summary-total"), quote?.total ? price(quote.total) : "–");
    this.#label();
    if (quote) this.#offerMethods(quote.shipping_methods, quote.shipping_method);
  }

  /**
   * @param {import("./types.js").MethodView[]} methods
   * @param {string | null} chosen
   */
  #offerMethods(methods, chosen) {
    const box = byId("shipping-methods");
    const costs = methods.map((method) => `${price(method.price)}, ${daysWords(method.days)}`);
    const shown = [...box.querySelectorAll("input")].map((input) => input.value);
    if (JSON.stringify(shown) !== JSON.stringify(methods.map(({ id }) => id))) {
      const wanted = kept().form?.shipping_method ?? chosen;
      const known = methods.some(({ id }) => id === wanted) ? wanted : (chosen ?? methods[0]?.id ?? null);
      for (const label of box.querySelectorAll("label")) label.remove();
      box.append(...methods.map(({ id, title }) => methodChoice(id, title, id === known)));
      if (known !== chosen) this.#reckon();
    }
    for (const [nr, small] of [...box.querySelectorAll("small")].entries()) setText(small, costs[nr]);
  }

  #summarize() {
    if (byId("checkout").hidden) return;
    const now_ms = shopNow();
    const { lines, subtotal } = this.#basket;
    const rows = lines.map((line) => {
      const left_ms = heldFor(line, now_ms);
      const hold = left_ms > 0 ? `held ${countdownWords(left_ms)}` : "no longer held";
      const title = [`${line.quantity} × ${line.title}`, ...line.inputs.map(inputWords)].join(", ");
      return [title, hold, price(times(line.unit_price, line.quantity))];
    });
    const list = byId("summary-lines");
    // Rows are filled in place, and made again only when their number changes.
    if (list.children.length !== rows.length) {
      list.replaceChildren(...rows.map(() => h("li", {}, h("span"), h("small"), h("b"))));
    }
    rows.forEach((texts, row) => texts.forEach((text, cell) => setText(list.children[row].children[cell], text)));
    setText(byId("summary-subtotal"), subtotal && lines.length ? price(subtotal) : "–");
    this.#send.disabled = this.#sending || lines.length === 0;
  }

  /** @param {boolean} busy */
  #busy(busy) {
    this.#sending = busy;
    this.#send.disabled = busy || this.#basket.lines.length === 0;
    this.#label();
  }

  /** Name the total on the button: who presses it knows what it costs. */
  #label() {
    const total = this.#quote?.total;
    setText(this.#send, this.#sending ? "One moment…" : total ? `Place order for ${price(total)}` : "Place order");
  }

  /** @param {string} words */
  #complain(words) {
    const box = byId("checkout-problem");
    box.textContent = words;
    if (words) box.scrollIntoView({ block: "nearest" });
  }

  /** @returns {Record<string, string>} */
  #typed() {
    return Object.fromEntries([...new FormData(this.#form)].map(([name, value]) => [name, String(value).trim()]));
  }

  /** @param {Record<string, string>} form */
  #fill(form) {
    for (const [name, value] of Object.entries(form)) {
      const field = this.#form.elements.namedItem(name);
      if (field && "value" in field) field.value = value;
    }
  }

  /** @param {string[]} countries */
  #offerCountries(countries) {
    const names = new Intl.DisplayNames(undefined, { type: "region" });
    const options = countries.map((code) => ({ code, name: names.of(code) ?? code }));
    options.sort((a, b) => a.name.localeCompare(b.name));
    const select = this.#form.elements.namedItem("country");
    if (select instanceof HTMLSelectElement) {
      select.append(...options.map(({ code, name }) => h("option", { value: code, text: name })));
    }
  }
}

/**
 * @param {string} id
 * @param {string} title
 * @param {boolean} checked
 */
function methodChoice(id, title, checked) {
  const input = h("input", { type: "radio", name: "shipping_method", value: id, required: true });
  input.checked = checked;
  return h("label", { class: "choice" }, input, h("span", {}, h("strong", { text: title }), h("small")));
}

/**
 * Make the checkout's body from the form. Empty fields are left out.
 *
 * @param {Record<string, string>} typed
 * @param {import("./types.js").Money | null} total As it was shown.
 */
function order({ email, name, phone, line1, line2, city, region, postal_code, country, shipping_method }, total) {
  const address = filled({ line1, line2, city, region, postal_code, country });
  return { email, name, address, ...filled({ phone }), shipping_method, ...(total ? { expected_total: total } : {}) };
}

/** @param {Record<string, string>} fields */
function filled(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
}

/**
 * @param {Attempt} attempt
 * @returns {Promise<any>} The order, its access token and its payment.
 */
async function send({ cart, body, key }) {
  for (let repeat = 0; ; repeat++) {
    try {
      return await ask("POST", `/carts/${encodeURIComponent(cart)}/checkout`, { body, key });
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== TWIN || repeat >= TWIN_REPEATS) throw error;
      await pause(TWIN_PAUSE_MS);
    }
  }
}

/** @param {Problem} problem No refusal if the shop is busy, broken or unreachable, or if a twin is in progress. */
function isNo({ status, code }) {
  return status >= 400 && status < 429 && code !== TWIN;
}

/** @returns {Kept} */
function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(CHECKOUT_KEY) ?? "{}");
  } catch {
    return {};
  }
}

/** @param {Kept} what */
function keep(what) {
  sessionStorage.setItem(CHECKOUT_KEY, JSON.stringify(what));
}
