/**
 * Paying: the browser confirms the payment with Stripe itself, so that the card never meets the shop. With an account
 * at Stripe the fields are Stripe's own (Payment Element, and the wallets of Express Checkout), of the script that the
 * page has loaded; with the sandbox a card is named rather than typed.
 */

import { setText } from "./words.js";

/**
 * @typedef {{kind: "paid"} | {kind: "waiting"} | {kind: "approve", url: string}
 *   | {kind: "refused", words: string}} Outcome
 */

const TIMEOUT_MS = 20_000;
const SCRIPT_MS = 15_000;
const LOOK_MS = 100;

/** @type {Record<string, string>} */
const WORDS = JSON.parse(document.getElementById("payment-words")?.textContent ?? "{}");

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("pay-form"));
const button = /** @type {HTMLButtonElement | null} */ (document.getElementById("pay"));

/**
 * Offer to pay, if the page has a payment.
 *
 * @param {() => Promise<void>} refresh Reads the order again.
 */
export function startPayment(refresh) {
  if (!form) return;
  const confirm = form.dataset.stripe ? withStripe(form) : Promise.resolve(confirmAtSandbox);
  void confirm.then((pay) => offer(form, pay, refresh), () => tell(WORDS.unknown, "bad"));
}

/**
 * @param {HTMLFormElement} form
 * @param {() => Promise<Outcome>} pay
 * @param {() => Promise<void>} refresh
 */
function offer(form, pay, refresh) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const told = button?.textContent ?? "";
    busy(true, WORDS.busy);
    const outcome = await pay();
    busy(outcome.kind === "approve" || outcome.kind === "paid", told);
    show(outcome);
    if (outcome.kind !== "approve") await refresh();
  });
}

/** @param {boolean} is_busy @param {string} text */
function busy(is_busy, text) {
  if (!button) return;
  button.disabled = is_busy;
  setText(button, text);
}

/** @param {Outcome} outcome */
function show(outcome) {
  if (outcome.kind === "refused") return tell(outcome.words, "bad");
  tell(WORDS[outcome.kind], "good");
  if (outcome.kind === "approve") location.assign(outcome.url);
}

/** @param {string} text @param {"good" | "bad"} kind */
function tell(text, kind) {
  const note = document.getElementById("payment-note");
  if (!note) return;
  note.dataset.kind = kind;
  setText(note, text);
}

const returnUrl = () => `${location.origin}${location.pathname}`;

/** @returns {Promise<Outcome>} */
async function confirmAtSandbox() {
  if (!form) return { kind: "refused", words: WORDS.failed };
  const { intent, secret, key, base } = form.dataset;
  const body = new URLSearchParams({
    key: key ?? "",
    client_secret: secret ?? "",
    payment_method: String(new FormData(form).get("method") ?? ""),
    return_url: returnUrl(),
  });
  try {
    const url = `${(base ?? "").replace(/\/$/, "")}/v1/payment_intents/${encodeURIComponent(intent ?? "")}/confirm`;
    const answer = await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return outcomeOf(await answer.json());
  } catch {
    // Unknown is not refused: a second confirm of a paid intent is answered with its state, not with a charge.
    return { kind: "refused", words: WORDS.unknown };
  }
}

/**
 * @param {any} answer A payment intent, or an error that may hold one.
 * @returns {Outcome}
 */
function outcomeOf(answer) {
  const intent = answer.error?.payment_intent ?? answer;
  if (intent.status === "succeeded") return { kind: "paid" };
  if (intent.status === "processing" || intent.status === "requires_capture") return { kind: "waiting" };
  if (answer.error) return { kind: "refused", words: answer.error.type === "card_error" ? WORDS.declined : WORDS.failed };
  const url = safeUrl(intent.next_action?.redirect_to_url?.url ?? "");
  if (intent.status === "requires_action" && url) return { kind: "approve", url };
  return { kind: "refused", words: WORDS.failed };
}

/**
 * Put Stripe's own fields into the form. Source: Stripe, "Accept a payment" and "Express Checkout Element".
 *
 * @param {HTMLFormElement} form
 * @returns {Promise<() => Promise<Outcome>>} Pays with what was typed.
 */
async function withStripe(form) {
  const stripe = (await stripeScript())(form.dataset.key ?? "", { locale: document.documentElement.lang });
  const elements = stripe.elements({ clientSecret: form.dataset.secret, appearance: appearance() });
  form.hidden = false; // Before the fields are made: they measure their place.
  const wallets = elements.create("expressCheckout");
  wallets.mount("#wallets");
  elements.create("payment").mount("#card");
  const confirm = async () => {
    const confirmParams = { return_url: returnUrl() };
    const answer = await stripe.confirmPayment({ elements, confirmParams, redirect: "if_required" });
    return outcomeOf(answer.error ? answer : answer.paymentIntent);
  };
  wallets.on("confirm", async () => show(await confirm()));
  return confirm;
}

/** Wait for the script that the page loads from Stripe. @returns {Promise<any>} */
async function stripeScript() {
  const until = Date.now() + SCRIPT_MS;
  for (;;) {
    const found = /** @type {any} */ (globalThis).Stripe;
    if (found) return found;
    if (Date.now() > until) throw new Error("Stripe's script has not come");
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** The page's own colours, for Stripe's fields. */
function appearance() {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const variables = {
    colorPrimary: colour("--accent"),
    colorBackground: colour("--sheet"),
    colorText: colour("--ink"),
    colorDanger: colour("--bad"),
    borderRadius: "10px",
  };
  return { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "stripe", variables };
}

/**
 * Return an address that may be followed, or null: `javascript:` and its like may hide in the data of others.
 *
 * @param {unknown} url
 * @returns {string | null}
 */
function safeUrl(url) {
  try {
    const parsed = new URL(String(url), location.href);
    return parsed.protocol === "https:" || parsed.protocol === "http:" ? parsed.href : null;
  } catch {
    return null;
  }
}
