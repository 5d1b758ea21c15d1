/** The page's words, in one place, so that one thing has one name on every screen. */

import { Problem } from "./api.js";

/**
 * @param {number} available
 * @returns {string}
 */
export function stockWords(available) {
  if (available <= 0) return "sold out";
  return available === 1 ? "last one" : `${available} left`;
}

/**
 * Rate the urgency of a count, for its colour.
 *
 * @param {number} available
 * @returns {"none" | "few" | "some"}
 */
export function stockLevel(available) {
  if (available <= 0) return "none";
  return available <= 5 ? "few" : "some";
}

/**
 * Turn any failure into a sentence with a remedy.
 *
 * @param {unknown} error
 * @returns {string}
 */
export function problemWords(error) {
  if (!(error instanceof Problem)) return "Something went wrong on this page. Reload it, and nothing is lost.";
  if (error.code === "unreachable") return "The shop cannot be reached. Check your connection and try again.";
  if (error.code === "out_of_stock") return outOfStockWords(error.body);
  if (error.code === "unknown_sku") return "This article is no longer sold.";
  if (error.code === "cart_empty") return "Your basket is empty.";
  if (error.code === "price_changed") return "A price has changed. Please look at the new total, and order again.";
  if (error.code === "payment_unavailable") return "No payment can be taken at the moment. Nothing was ordered.";
  if (error.code === "not_cancellable") return "It is too late to cancel: your order is packed.";
  if (error.status === 429 || error.status === 503) return "The shop is very busy. Please try again in a moment.";
  if (error.status >= 500) return "The shop made a mistake. Please try again.";
  return error.detail || error.title || "The shop said no.";
}

/**
 * @param {any} body Of the 409: `available` for one SKU, or a list of lines that are short at checkout.
 * @returns {string}
 */
function outOfStockWords(body) {
  if (typeof body.available === "number") return leftWords(body.available);
  const short = Object.values(body).find((value) => Array.isArray(value) && value[0]?.sku);
  if (!short) return body.detail || "Some of this has just been sold.";
  const parts = short.map((/** @type {any} */ line) => `${line.title ?? line.sku}: ${leftWords(line.available ?? 0)}`);
  return `Your basket asks for more than there is. ${parts.join("; ")}.`;
}

/**
 * Write the time that a parcel takes.
 *
 * @param {{min: number, max: number}} days
 */
export function daysWords({ min, max }) {
  const span = min === max ? `${max}` : `${min} to ${max}`;
  return max === 1 && min === max ? "1 working day" : `${span} working days`;
}

/** @param {number} available */
function leftWords(available) {
  return available > 0 ? `only ${available} left` : "sold out";
}

/** @type {Record<string, string>} */
const STATUS = {
  pending_payment: "Waiting for payment",
  payment_processing: "Waiting for your bank",
  paid: "Paid",
  picking: "Being picked",
  packed: "Packed",
  shipped: "Handed to the carrier",
  in_transit: "On its way",
  delivered: "Delivered",
  cancelled: "Cancelled",
};

/** @param {string} status */
export function statusWords(status) {
  return STATUS[status] ?? apart(status);
}

/** @type {Record<string, string>} */
const EVENT = {
  OrderCreated: "Order placed",
  PaymentReceived: "Payment received",
  OrderSettled: "Nothing to pay",
  PaymentDeclined: "Payment declined",
  PaymentProcessing: "Your bank has been asked",
  PaymentFailed: "Your bank did not pay",
  PaymentCameLate: "Payment received late",
  FurtherPaymentReceived: "A further payment received",
  UnitsRetaken: "Back in work",
  UnitsGone: "Sold out meanwhile",
  PickingStarted: "Picking started",
  OrderFulfilled: "Packed",
  OrderShipped: "Handed to the carrier",
  ParcelMoved: "Parcel moved",
  OrderDelivered: "Delivered",
  OrderCancelled: "Cancelled",
  RefundProcessed: "Money sent back",
  RefundFailed: "Money came back to us",
  RefundsCorrected: "Refunds corrected",
};

/** @param {string} event */
export function eventWords(event) {
  return EVENT[event] ?? STATUS[event] ?? apart(event);
}

/**
 * Write the detail of a timeline entry. A parcel's begins with the carrier's status, which is for programs.
 *
 * @param {string} event
 * @param {string} detail
 */
export function detailWords(event, detail) {
  const [status, ...words] = detail.split(": ");
  return event === "ParcelMoved" ? words.join(": ") || apart(status) : detail;
}

/**
 * Make words of an unknown name: `OutForDelivery` and `out_for_delivery` are "Out for delivery".
 *
 * @param {string} name
 */
function apart(name) {
  const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").replace(/[._-]+/g, " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * @param {string} at RFC 3339, UTC.
 * @returns {string} In the reader's own zone and language.
 */
export function timeWords(at) {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/**
 * Write the time left as m:ss.
 *
 * @param {number} left_ms
 */
export function countdownWords(left_ms) {
  const seconds = Math.max(0, Math.ceil(left_ms / 1000));
  return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
}
