/** The page's own words, which the server has written into it in the reader's language. */

/** @type {Record<string, string>} */
const WORDS = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

/**
 * Return a sentence, with values put in where it names them: `{count}`.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function words(key, values = {}) {
  const text = WORDS[key] ?? "";
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** @type {number | undefined} */
let fading;

/**
 * Show a message to the reader: seen at the foot of the page, and read out.
 *
 * @param {string} text
 * @param {"good" | "bad"} [kind]
 */
export function say(text, kind = "good") {
  const region = document.getElementById("message");
  if (!region) return;
  // While a modal dialog is open all outside it is inert, so the one region moves into the dialog.
  const host = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (region.parentElement !== host) host.append(region);
  region.textContent = "";
  region.dataset.kind = kind;
  clearTimeout(fading);
  // In the next frame: a region that is moved and filled at once is not read out.
  requestAnimationFrame(() => (region.textContent = text));
  fading = setTimeout(() => (region.textContent = ""), kind === "bad" ? 9000 : 5000);
}

/**
 * Change a text only if it differs: an unchanged node is neither laid out again nor read out again.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
