/**
 * Helpers to build the page. Data enters the page as text and attributes only, never as markup, so that a product's
 * title can hold anything.
 */

/** The namespace of drawn elements. */
const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Props Attributes;
 *   `text` is the text inside, a function such as `onclick` is a listener, null and false leave an attribute out.
 */

/**
 * Fill an element that was just made.
 *
 * @template {Element} E
 * @param {E} element
 * @param {Props} props
 * @param {(Node | string | null)[]} children
 * @returns {E}
 */
function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = String(value ?? "");
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * Make an HTML element.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props} [props]
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/**
 * Make an SVG element.
 *
 * @param {string} tag
 * @param {Props} [props]
 * @param {...(Node | string)} children
 * @returns {Element}
 */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

/**
 * Find the element with this id. The page is ours, so a missing element is a bug.
 *
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element "${id}"`);
  return found;
}

/**
 * Change a text only if it differs: an unchanged node is neither laid out again nor read out again.
 *
 * @param {Element} element
 * @param {string} text
 * @returns {boolean} Whether it differed.
 */
export function setText(element, text) {
  if (element.textContent === text) return false;
  element.textContent = text;
  return true;
}

/**
 * Return an address that may be followed, or null: `javascript:` and its like may hide in the data of others.
 *
 * @param {unknown} url
 * @returns {string | null}
 */
export function safeUrl(url) {
  try {
    const parsed = new URL(String(url), location.href);
    return parsed.protocol === "https:" || parsed.protocol === "http:" ? parsed.href : null;
  } catch {
    return null;
  }
}

/** @type {number | undefined} */
let fading;

/**
 * Show a message to the customer: seen at the foot of the page, and read out.
 *
 * While a modal dialog is open all outside it is inert, so the one message region moves into the dialog.
 *
 * @param {string} text
 * @param {"good" | "bad"} [kind]
 */
export function say(text, kind = "good") {
  const region = byId("message");
  const host = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (region.parentElement !== host) host.append(region);
  region.textContent = "";
  region.dataset.kind = kind;
  clearTimeout(fading);
  // In the next frame: a region that is moved and filled at once is not read out.
  requestAnimationFrame(() => (region.textContent = text));
  fading = setTimeout(hush, kind === "bad" ? 9000 : 5000);
}

/** Remove the message: the customer went on to something else. */
export function hush() {
  byId("message").textContent = "";
}
