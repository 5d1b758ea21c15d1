/** Money: whole minor units in, words in the reader's own language out. */

/** @typedef {import("./types.js").Money} Money */

/**
 * Currencies whose amounts are no hundredths, as in `bus/messages/currencies.py`. Browsers know only how many decimals
 * people write, which are none for HUF, while its amounts are hundredths.
 */
const NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF".split(" ");
const THREE_DECIMALS = "BHD JOD KWD OMR TND".split(" ");

/** @type {Map<string, {format: Intl.NumberFormat, unit: number}>} Making a formatter is slow, and few are needed. */
const formats = new Map();

/**
 * Return the format of a currency. Its number of decimals is the currency's own: EUR two, JPY none, KWD three.
 *
 * @param {string} currency ISO 4217.
 */
function formatFor(currency) {
  let known = formats.get(currency);
  if (!known) {
    const decimals = NO_DECIMALS.includes(currency) ? 0 : THREE_DECIMALS.includes(currency) ? 3 : 2;
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    const format = new Intl.NumberFormat(undefined, { style: "currency", currency, ...digits });
    known = { format, unit: 10 ** decimals };
    formats.set(currency, known);
  }
  return known;
}

/**
 * Write an amount as a price: `{amount: 1999, currency: "EUR"}` is "€19.99".
 *
 * @param {Money} money
 * @returns {string}
 */
export function price(money) {
  const { format, unit } = formatFor(money.currency.toUpperCase());
  return format.format(money.amount / unit);
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
