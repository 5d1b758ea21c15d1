/**
 * The keys to this browser's orders: an access token each, and the payment of an unpaid order. Kept in localStorage, so
 * that a reload in the middle of paying, or the bank's page coming back in another tab, finds them.
 */

/** @typedef {import("./types.js").PaymentView} Payment */
/** @typedef {{id: string, token: string, number?: string, payment?: Payment}} OrderKey */

const ORDERS_KEY = "shopflow.orders";

/** The oldest go first: this is a convenience of one browser, not the customer's archive. */
const MOST = 20;

/** @returns {OrderKey[]} The newest first. */
export function orderKeys() {
  try {
    const kept = JSON.parse(localStorage.getItem(ORDERS_KEY) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

/**
 * @param {string} id
 * @returns {OrderKey | undefined}
 */
export function orderKey(id) {
  return orderKeys().find((key) => key.id === id);
}

/**
 * Store an order's key, over the stored one.
 *
 * @param {OrderKey} key
 */
export function keepOrder(key) {
  const others = orderKeys().filter((other) => other.id !== key.id);
  localStorage.setItem(ORDERS_KEY, JSON.stringify([{ ...orderKey(key.id), ...key }, ...others].slice(0, MOST)));
}

/**
 * Forget the client secret of an order that was paid or cancelled.
 *
 * @param {string} id
 */
export function forgetPayment(id) {
  const key = orderKey(id);
  if (!key?.payment) return;
  const { payment: _, ...rest } = key;
  const keys = orderKeys().map((other) => (other.id === id ? rest : other));
  localStorage.setItem(ORDERS_KEY, JSON.stringify(keys));
}
