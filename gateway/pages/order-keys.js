/**
 * The keys to this browser's orders: an access token each, and the payment of an unpaid order. Kept in localStorage, so
 * that a reload in the middle of paying, or the bank's page coming back in another tab, finds them.
 */

import { byId, h } from "./dom.js";

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
 * @param {string} token
 * @returns {boolean} Whether it is that of a mail's link, which can be withdrawn.
 */
export function isLink(token) {
  return token.startsWith("ol_");
}

/**
 * Take the token of a mail's link out of the address, which people share and browsers remember, and keep it.
 *
 * The browser that ordered has a better key, which no withdrawal takes away.
 */
export function takeLink() {
  const id = decodeURIComponent(location.pathname.match(/^\/order\/([^/]+)$/)?.[1] ?? "");
  const token = [location.hash.slice(1), location.search].map((part) => new URLSearchParams(part).get("token")).find(Boolean);
  if (!id || !token) return;
  history.replaceState(null, "", `/#order/${encodeURIComponent(id)}`);
  const known = orderKey(id);
  if (!known || isLink(known.token)) keepOrder({ id, token });
}

/**
 * Forget an order.
 *
 * @param {string} id
 */
export function forgetOrder(id) {
  localStorage.setItem(ORDERS_KEY, JSON.stringify(orderKeys().filter((key) => key.id !== id)));
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
