/** The shop's HTTP API for scripts: JSON in and out, RFC 9457 problems thrown as `Problem`. */

const TIMEOUT_MS = 15_000;

/** An error answer of the shop, or of the network (status 0, code `unreachable`). */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {any} body The problem's JSON, or the known part of it.
   */
  constructor(status, body) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.status = status;
    /** @type {string} */ this.code = body.code ?? "";
    /** @type {string} */ this.title = body.title ?? "";
  }
}

/**
 * Send a request to the shop. It is never retried: the reader decides.
 *
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown}} [options]
 * @returns {Promise<any>} The JSON of the answer.
 * @throws {Problem} A refusal, or no answer.
 */
export async function ask(method, path, { body } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  /** @type {Response} */
  let response;
  let text = "";
  try {
    response = await fetch(path, {
      method,
      headers,
      // oxlint-disable-next-line no-invalid-fetch-options -- No GET has one.
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch {
    throw new Problem(0, { code: "unreachable", title: "The shop cannot be reached" });
  }
  const answer = parse(text);
  if (response.ok) return answer;
  throw new Problem(response.status, answer ?? {});
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // 204, or a proxy's own page.
  }
}
