/** The shop's HTTP API: JSON in and out, RFC 9457 problems thrown as `Problem`. */

const TIMEOUT_MS = 15_000;

/** How often a read is retried when the shop is busy. Writes never are: the caller decides. */
const READ_REPEATS = 2;
const LONGEST_PAUSE_MS = 5_000;

/** The shop's clock minus ours: a hold's end is on the shop's clock, and a customer's clock may be minutes off. */
let skew_ms = 0;

/** An error answer of the shop, or of the network (status 0, code `unreachable`). */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {any} body The problem's JSON, or the known part of it.
   * @param {number | null} [retry_after_s]
   */
  constructor(status, body, retry_after_s = null) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.status = status;
    this.body = body;
    this.retry_after_s = retry_after_s;
    /** @type {string} */ this.code = body.code ?? "";
    /** @type {string} */ this.title = body.title ?? "";
    /** @type {string} */ this.detail = body.detail ?? "";
  }
}

/** @returns {number} Milliseconds since 1970 on the shop's clock, good to about a second. */
export function shopNow() {
  return Date.now() + skew_ms;
}

/**
 * Send a request to the shop.
 *
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, key?: string, token?: string, signal?: AbortSignal}} [options] `key` is the Idempotency-Key,
 *   `token` an order's access token.
 * @returns {Promise<any>} The JSON of the answer.
 * @throws {Problem} A refusal, or no answer. A request that `signal` aborts throws an AbortError.
 */
export async function ask(method, path, options = {}) {
  for (let repeat = 0; ; repeat++) {
    try {
      return await askOnce(method, path, options);
    } catch (error) {
      const busy = error instanceof Problem && (error.status === 429 || error.status === 503);
      if (!busy || method !== "GET" || repeat >= READ_REPEATS) throw error;
      const pause_ms = Math.min((error.retry_after_s ?? 1) * 1000, LONGEST_PAUSE_MS);
      await pause(pause_ms * (0.75 + Math.random() / 2));
    }
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, key?: string, token?: string, signal?: AbortSignal}} options
 */
async function askOnce(method, path, { body, key, token, signal }) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  if (token) headers["Authorization"] = `Bearer ${token}`;
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  /** @type {Response} */
  let response;
  let text = "";
  try {
    response = await fetch(path, {
      method,
      headers,
      // oxlint-disable-next-line no-invalid-fetch-options -- No GET has one.
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      cache: "no-store", // Stock and orders are of this moment.
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, { code: "unreachable", title: "The shop cannot be reached" });
  }
  setClock(response);
  const answer = parse(text);
  if (response.ok) return answer;
  throw new Problem(response.status, answer ?? {}, Number(response.headers.get("Retry-After")) || null);
}

/** @param {Response} response */
function setClock(response) {
  const sent = Date.parse(response.headers.get("Date") ?? "");
  // The header has whole seconds, cut off: half a second more is right on average. Small differences are only noise.
  const seen_ms = sent + 500 - Date.now();
  if (!Number.isNaN(sent)) skew_ms = Math.abs(seen_ms) > 2000 ? seen_ms : 0;
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // 204, or a proxy's own page.
  }
}

/** @param {number} for_ms */
export function pause(for_ms) {
  return new Promise((resolve) => setTimeout(resolve, for_ms));
}

/**
 * Make an idempotency key: unguessable and never used before.
 *
 * @returns {string}
 */
export function newKey() {
  // `randomUUID` is missing where a shop is tried over plain HTTP from another machine.
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
