/**
 * Parts of a page that change without the rest: links and forms marked `data-swap="ID"` are fetched, and the element of
 * that id is replaced by the one in the answer, which is a whole page. Without scripts the same links and forms work.
 *
 *     <form action="/search" data-swap="results">...</form>
 *
 * After each swap a `swapped` event is dispatched at the new element. Only pages of the shop itself are taken in.
 */

import { say, words } from "./words.js";

const TIMEOUT_MS = 20_000;
const TYPING_MS = 350; // Of silence, before what is typed into a filter is asked for.
const PRESS_MS = 1000; // The longest press that is waited for.

/** Where a browser wants markup to pass a policy (Trusted Types), this is ours: it parses answers of the shop alone. */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("shop", { createHTML: (/** @type {string} */ html) => html });

/** @type {Map<string, AbortController>} The request on its way for each element: a newer one ends it. */
const onTheirWay = new Map();

let pressed = Promise.resolve();
let release = () => {};

/** Nothing is replaced between the down and the up of a press: no browser makes a click of two elements. */
export const released = () => pressed;

/** @param {Event} event */
const isPress = (event) => !(event instanceof KeyboardEvent) || event.key === " ";
for (const kind of ["pointerdown", "keydown"]) {
  addEventListener(kind, (event) => {
    if (!isPress(event)) return;
    pressed = new Promise((done) => {
      release = done;
      setTimeout(done, PRESS_MS);
    });
  }, { capture: true });
}
for (const kind of ["pointerup", "pointercancel", "keyup"]) addEventListener(kind, () => setTimeout(release), { capture: true }); // After the click.

/**
 * Fetch a page and put its element of this id in place of ours.
 *
 * @param {string} id
 * @param {string} url
 * @param {{body?: URLSearchParams, push?: boolean, stays?: boolean}} [how] `push`: the page's address becomes the one that
 *   is fetched. `stays`: nobody has asked for it, so no other page is gone to.
 * @returns {Promise<Response | null>} Null if a newer request took over, or the shop can't be reached.
 */
export async function swap(id, url, { body, push, stays } = {}) {
  onTheirWay.get(id)?.abort();
  const own = new AbortController();
  onTheirWay.set(id, own);
  try {
    const signal = AbortSignal.any([own.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const answer = await fetch(url, { method: body ? "POST" : "GET", body, headers: { "X-Swap": id }, signal });
    const html = await answer.text();
    await released();
    if (own.signal.aborted) return null;
    const isThere = replace(id, html);
    if (!isThere && stays) return null;
    if (!isThere) location.assign(answer.url); // Another page altogether: a sign-in, say.
    else if (push) history.pushState({ swap: id }, "", answer.url);
    return answer;
  } catch {
    if (own.signal.aborted) return null;
    say(words("unreachable"), "bad");
    return null;
  } finally {
    if (onTheirWay.get(id) === own) onTheirWay.delete(id);
  }
}

/**
 * Put an element of a page in place of ours; the focus stays where it was, as far as that is still there.
 *
 * @param {string} id
 * @param {string} html A whole page of the shop.
 * @returns {boolean} Whether both pages have it.
 */
export function replace(id, html) {
  const there = document.getElementById(id);
  const made = parse(html).getElementById(id);
  if (!there || !made) return false;
  const focus = there.contains(document.activeElement) ? place(there, document.activeElement) : null;
  const open = new Set([...there.querySelectorAll("details[open]")].map((each) => each.getAttribute("data-testid")));
  there.replaceWith(document.adoptNode(made));
  for (const each of made.querySelectorAll("details")) each.open ||= open.has(each.getAttribute("data-testid"));
  if (focus) found(made, focus)?.focus({ preventScroll: true });
  made.dispatchEvent(new Event("swapped", { bubbles: true }));
  return true;
}

/** Read a page of the shop. @param {string} html */
export function parse(html) {
  return new DOMParser().parseFromString(policy?.createHTML(html) ?? html, "text/html");
}

/** @param {Element} root @param {Element | null} element @returns {string[]} What tells it from others. */
function place(root, element) {
  const line = element?.closest("[data-sku]")?.getAttribute("data-sku") ?? "";
  const [name, value] = [element?.getAttribute("name") ?? "", element?.getAttribute("value") ?? ""];
  return [line, name, element instanceof HTMLInputElement && element.type !== "checkbox" ? "" : value];
}

/** @param {Element} root @param {string[]} place @returns {HTMLElement | null} */
function found(root, [line, name, value]) {
  const scope = line ? root.querySelector(`[data-sku="${CSS.escape(line)}"]`) : root;
  const named = [...(scope?.querySelectorAll(`[name="${CSS.escape(name)}"]`) ?? [])];
  return /** @type {HTMLElement | null} */ (named.find((each) => !value || each.getAttribute("value") === value) ?? scope?.querySelector("button") ?? null);
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} [submitter] */
function send(form, submitter) {
  const id = form.dataset.swap ?? "";
  const fields = new URLSearchParams(/** @type {any} */ (new FormData(form, submitter)));
  if (form.method === "post") return swap(id, form.action, { body: fields });
  const told = [...fields].filter(([, value]) => value);
  const url = new URL(form.action);
  url.search = String(new URLSearchParams(told));
  return swap(id, url.href, { push: true });
}

addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.dataset.swap || event.defaultPrevented) return;
  event.preventDefault();
  void send(form, /** @type {SubmitEvent} */ (event).submitter);
});

addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-swap]") : null;
  if (!(link instanceof HTMLAnchorElement) || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  void swap(link.dataset.swap ?? "", link.href, { push: true });
});

/** @type {number | undefined} */
let typing;

/** Filters take hold when they are changed: their button is for browsers without scripts. */
addEventListener("input", (event) => {
  const form = event.target instanceof Element ? event.target.closest("form") : null;
  if (!form?.dataset.swap || form.method === "post") return;
  clearTimeout(typing);
  const isTyped = event.target instanceof HTMLInputElement && event.target.type !== "checkbox";
  typing = setTimeout(() => send(form), isTyped ? TYPING_MS : 0);
});

addEventListener("popstate", (event) => {
  if (event.state?.swap) void swap(event.state.swap, location.href);
  else if (document.querySelector("[data-swap]")) location.reload();
});
