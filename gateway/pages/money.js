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
  const decimals = NO_DECIMALS.includes(currency) ? 0 : THREE_DECIMALS.includes(currency) ? 3 : 2;
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
