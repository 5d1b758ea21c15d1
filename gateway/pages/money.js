/** Money: whole minor units in, words out, the same ones as in the shop's mails. */

/** @typedef {import("./types.js").Money} Money */

/** Currencies whose amounts are no hundredths, as in `bus/messages/currencies.py`, like the signs below. */
const NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF".split(" ");
const THREE_DECIMALS = "BHD JOD KWD OMR TND".split(" ");

/** @type {Record<string, string>} Of those that people everywhere know; others are named by their code. */
const SYMBOLS = { EUR: "€", GBP: "£", ILS: "₪", INR: "₹", JPY: "¥", KRW: "₩", USD: "$", VND: "₫" };

/**
 * Write an amount as a price: `{amount: 199900, currency: "EUR"}` is "€1,999.00", 500 CHF is "CHF 5.00".
 *
 * @param {Money} money
 * @returns {string}
 */
export function price({ amount, currency }) {
  const decimals = decimalsOf(currency);
  const [unit, positive] = [10 ** decimals, Math.abs(amount)];
  const whole = Math.floor(positive / unit).toLocaleString("en");
  const rest = decimals ? `.${String(positive % unit).padStart(decimals, "0")}` : "";
  return `${amount < 0 ? "-" : ""}${SYMBOLS[currency] ?? `${currency} `}${whole}${rest}`;
}

/**
 * Multiply an amount. Multiplied before it is divided: integers do not round.
 *
 * @param {Money} money
 * @param {number} quantity
 * @returns {Money}
 */
export function times(money, quantity) {
  return { amount: money.amount * quantity, currency: money.currency };
}

/**
 * Write an amount as people type it: 1999 EUR is "19.99".
 *
 * @param {number} amount
 * @param {string} currency
 * @returns {string}
 */
export function toMajor(amount, currency) {
  const decimals = decimalsOf(currency);
  return (amount / 10 ** decimals).toFixed(decimals);
}

/**
 * Read an amount as people type it: "19.99" or "19,99" EUR is "1999"; "" if it is none, or more than the shop takes.
 *
 * @param {string} text
 * @param {string} currency
 * @returns {string}
 */
export function fromMajor(text, currency) {
  const amount = Math.round(Number(text.replace(",", ".")) * 10 ** decimalsOf(currency));
  return amount >= 0 && amount < 1e15 ? String(amount) : "";
}

/** @param {string} currency */
function decimalsOf(currency) {
  return NO_DECIMALS.includes(currency) ? 0 : THREE_DECIMALS.includes(currency) ? 3 : 2;
}
