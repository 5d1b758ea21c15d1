/** What this browser has looked at: its ids are kept here alone, and shown on the home page. */

import { swap } from "./swap.js";

const KEY = "seen";
const MOST = 8;

/** @returns {string[]} The last first. */
function seen() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((id) => typeof id === "string").slice(0, MOST) : [];
  } catch {
    return []; // Whatever somebody has put there.
  }
}

/** Keep that a product was looked at. @param {string} id */
export function note(id) {
  try {
    localStorage.setItem(KEY, JSON.stringify([id, ...seen().filter((each) => each !== id)].slice(0, MOST)));
  } catch {
    // A browser may keep nothing.
  }
}

if (document.querySelector("#seen[hidden]") && seen().length) void swap("seen", `/seen?ids=${encodeURIComponent(seen().join(","))}`);
