/** Suggestions while something is typed into the search: a combobox, by keys and by pointer. Source: W3C, ARIA APG. */

import { words } from "./words.js";

const PAUSE_MS = 120;
const LEAST = 2; // Letters.

const form = document.querySelector("form[data-suggest]");
const input = form?.querySelector("input[name=q]");
if (form instanceof HTMLFormElement && input instanceof HTMLInputElement) suggest(form, input);

/** @param {HTMLFormElement} form @param {HTMLInputElement} input */
function suggest(form, input) {
  const list = document.createElement("ul");
  Object.assign(list, { id: "suggestions", role: "listbox", ariaLabel: form.dataset.words, hidden: true, className: "suggestions" });
  const status = document.createElement("span");
  Object.assign(status, { role: "status", className: "hidden" });
  form.append(list, status);
  const role = { role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list" };
  for (const [name, value] of Object.entries(role)) input.setAttribute(name, value);

  /** @type {number | undefined} */ let pause;
  /** @type {AbortController | undefined} */ let asked;
  let chosen = -1;

  /** @param {boolean} open */
  function show(open) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) choose(-1);
  }

  /** @param {number} place */
  function choose(place) {
    chosen = place;
    [...list.children].forEach((each, at) => each.setAttribute("aria-selected", String(at === place)));
    if (place < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", list.children[place]?.id ?? "");
    list.children[place]?.scrollIntoView({ block: "nearest" });
  }

  async function ask() {
    asked?.abort();
    const text = input.value.trim();
    if (text.length < LEAST) return show(false);
    asked = new AbortController();
    try {
      const answer = await fetch(`/search/suggest?q=${encodeURIComponent(text)}`, { signal: asked.signal });
      if (answer.ok) fill(await answer.json());
    } catch {
      // A newer question took over, or there is no network: the search works all the same.
    }
  }

  /** @param {{categories: string[], queries: string[], products: {id: string, title: string}[]}} found */
  function fill(found) {
    const nav = [...document.querySelectorAll(".departments a")];
    const category = (/** @type {string} */ title) => nav.find((link) => link.textContent === title)?.getAttribute("href") ?? search(title);
    const all = [
      ...found.categories.slice(0, 3).map((title) => ({ title, href: category(title), kind: "category" })),
      ...found.queries.slice(0, 3).map((title) => ({ title, href: search(title), kind: "query" })),
      ...found.products.slice(0, 6).map(({ id, title }) => ({ title, href: `/p/${encodeURIComponent(id)}`, kind: "product" })),
    ];
    list.replaceChildren(...all.map(option));
    show(all.length > 0 && document.activeElement === input);
    status.textContent = words("near", { count: all.length });
  }

  document.addEventListener("pointerdown", (event) => form.contains(/** @type {Node} */ (event.target)) || show(false));
  input.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(ask, PAUSE_MS);
  });
  input.addEventListener("blur", () => setTimeout(() => form.contains(document.activeElement) || show(false), 150));
  input.addEventListener("keydown", (event) => {
    const count = list.hidden ? 0 : list.children.length;
    if (event.key === "Escape" && count) show(false);
    else if (event.key === "ArrowDown" && count) choose((chosen + 1) % count);
    else if (event.key === "ArrowUp" && count) choose(chosen > 0 ? chosen - 1 : count - 1);
    else if (event.key === "Enter" && chosen >= 0 && count) location.assign(list.children[chosen]?.getAttribute("data-href") ?? "/");
    else return;
    event.preventDefault();
  });
}

/** @param {string} text */
const search = (text) => `/search?q=${encodeURIComponent(text)}`;

/** @param {{title: string, href: string, kind: string}} one @param {number} at */
function option({ title, href, kind }, at) {
  const made = document.createElement("li");
  Object.assign(made, { id: `suggestion-${at}`, role: "option", ariaSelected: "false", textContent: title });
  Object.assign(made.dataset, { href, kind, testid: "suggestion" });
  made.addEventListener("pointerdown", (event) => event.preventDefault());
  made.addEventListener("click", () => location.assign(href));
  return made;
}
