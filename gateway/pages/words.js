/**
 * The page's own words, in one place, so that one thing has one name on every screen. Sentences for the shop's codes come
 * with its answers (`title`, `text`): they are the ones of its mails.
 */

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
 * Write what a bundle is made of.
 *
 * @param {{title: string, quantity: number}[]} parts
 * @returns {string}
 */
export function partWords(parts) {
  return parts.map(({ title, quantity }) => (quantity === 1 ? title : `${quantity} × ${title}`)).join(" + ");
}

/**
 * Write what a buyer told with a line.
 *
 * @param {{title: string, value: string}} input
 */
export function inputWords({ title, value }) {
  return `${title}: ${value}`;
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
  if (error.code === "invalid") return error.detail || error.title;
  return error.title || (error.status >= 500 ? "The shop made a mistake. Please try again." : "The shop said no.");
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

/**
 * Write how long something lasts: "10 minutes".
 *
 * @param {number} s
 */
export function spanWords(s) {
  const [count, unit] = s < 120 ? [Math.round(s), "second"] : [Math.round(s / 60), "minute"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** @param {number} available */
function leftWords(available) {
  return available > 0 ? `only ${available} left` : "sold out";
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
