/**
 * The filters of the list: by price, by stock, and by what its products have, each value with the number of products that
 * it leaves. They are fields of the form beside the list, named as the API names them.
 */

import { byId, h, setText } from "./dom.js";
import { fromMajor, toMajor } from "./money.js";

/** @typedef {import("./types.js").ProductList} ProductList */
/** @typedef {import("./types.js").FacetView} Facet */

/** The ends of a range are two fields of a form, and one of the address: `f.price=2000..5000`. */
const RANGE = /^(from|to) (f\..+)$/;

/** A number with more values than this is chosen by its ends. */
const FEW = 8;

const IN_ORDER = new Intl.Collator("en", { numeric: true }).compare;

export class Facets {
  #groups = byId("facets");
  #currency = "";

  constructor() {
    const open = byId("facets-open");
    open.addEventListener("click", () => {
      this.#groups.hidden = !this.#groups.hidden;
      open.setAttribute("aria-expanded", String(!this.#groups.hidden));
    });
  }

  /**
   * Show the filters that there are, and those that are chosen, which can be taken back even if nothing has them.
   *
   * @param {Pick<ProductList, "facets" | "prices">} counted
   * @param {URLSearchParams} asked
   */
  show({ facets, prices }, asked) {
    if (prices) this.#currency = prices.lowest.currency;
    const active = focused();
    const groups = [this.#prices(prices, asked), stock(asked), ...offered(facets, asked).map((facet) => group(facet, asked))];
    this.#groups.replaceChildren(...groups.filter((each) => each !== null));
    if (active) goOn(active, [...this.#groups.elements]);
    const chosen = new Set([...asked.keys()].filter(isFilter)).size;
    setText(byId("facets-count"), String(chosen));
    byId("facets-count").hidden = byId("clear-filters").hidden = chosen === 0;
  }

  /** Choose nothing. */
  clear() {
    for (const input of this.#groups.elements) {
      if (input.type === "checkbox") input.checked = false;
      else input.value = "";
    }
  }

  /**
   * Write the ends of ranges as the address has them.
   *
   * @param {Iterable<[string, unknown]>} fields
   * @returns {[string, unknown][]}
   */
  folded(fields) {
    /** @type {Map<string, {from: string, to: string}>} */
    const ranges = new Map();
    const others = [...fields].filter(([name, value]) => {
      const [, end, facet] = RANGE.exec(name) ?? [];
      if (end === undefined || facet === undefined) return true;
      const range = ranges.get(facet) ?? { from: "", to: "" };
      ranges.set(facet, { ...range, [end]: this.#minor(facet, String(value)) });
      return false;
    });
    const written = [...ranges].filter(([, { from, to }]) => from || to);
    return [...others, ...written.map(([facet, { from, to }]) => /** @type {[string, string]} */ ([facet, `${from}..${to}`]))];
  }

  /**
   * @param {string} facet
   * @param {string} entered
   */
  #minor(facet, entered) {
    if (facet === "f.price") return entered && fromMajor(entered, this.#currency);
    const written = entered.trim().replace(",", ".");
    return Number.isFinite(Number(written)) ? written : "";
  }

  /**
   * @param {ProductList["prices"]} prices
   * @param {URLSearchParams} asked
   */
  #prices(prices, asked) {
    const chosen = asked.get("f.price");
    if (!chosen && (!prices || prices.lowest.amount === prices.highest.amount)) return null;
    const major = (/** @type {string | number} */ amount) => (amount === "" ? "" : toMajor(Number(amount), this.#currency));
    const [from = "", to = ""] = (chosen ?? "").split("..").map(major);
    const lowest = prices ? major(prices.lowest.amount) : "";
    const highest = prices ? major(prices.highest.amount) : "";
    const title = `Price${this.#currency && ` in ${this.#currency}`}`;
    return fieldset(title, range("f.price", { from, to, lowest, highest }));
  }
}

/**
 * Tell whether a field of the address is a filter.
 *
 * @param {string} name
 */
export function isFilter(name) {
  return name === "in_stock" || name.startsWith("f.");
}

/**
 * The facets to offer: those that leave a choice, with the chosen values that nothing has. The chips choose categories.
 *
 * @param {readonly Facet[]} facets
 * @param {URLSearchParams} asked
 * @returns {Facet[]}
 */
function offered(facets, asked) {
  const chosen = [...new Set(asked.keys())].filter((name) => name.startsWith("f.") && name !== "f.price");
  const missing = chosen.filter((name) => !facets.some((facet) => `f.${facet.name}` === name));
  const all = [...facets, ...missing.map((name) => ({ name: name.slice(2), title: name.slice(2), values: [], lowest: null, highest: null }))];
  return all
    .map((facet) => ({ ...facet, values: [...facet.values, ...unseen(facet, asked.getAll(`f.${facet.name}`))] }))
    .filter((facet) => chosen.includes(`f.${facet.name}`) || (facet.name !== "category" && facet.values.length > 1));
}

/**
 * The chosen values that nothing has. A range is none, where there are numbers.
 *
 * @param {Facet} facet
 * @param {string[]} chosen
 */
function unseen({ values, lowest }, chosen) {
  const missing = chosen.filter((value) => !values.some((each) => each.value === value) && (lowest === null || !value.includes("..")));
  return missing.map((value) => ({ value, title: value, count: 0 }));
}

/**
 * @param {Facet} facet
 * @param {URLSearchParams} asked
 */
function group({ name, title, values, lowest, highest }, asked) {
  const chosen = asked.getAll(`f.${name}`);
  const span = lowest === null ? undefined : chosen.find((value) => value.includes(".."));
  const byEnds = lowest !== null && highest !== null && (span !== undefined || values.length > FEW);
  const [from = "", to = ""] = (span ?? "").split("..");
  const shown = byEnds ? values.filter(({ value }) => chosen.includes(value)) : values;
  const sorted = [...shown].sort((one, other) => IN_ORDER(one.title, other.title));
  return fieldset(
    title,
    byEnds ? range(`f.${name}`, { from, to, lowest: String(lowest), highest: String(highest) }) : null,
    ...sorted.map(({ value, title, count }) => checkbox(`f.${name}`, value, title, chosen.includes(value), count)),
  );
}

/** @param {URLSearchParams} asked */
function stock(asked) {
  return fieldset("Stock", checkbox("in_stock", "true", "In stock only", asked.has("in_stock")));
}

/**
 * @param {string} title
 * @param {...(Node | null)} rows
 */
function fieldset(title, ...rows) {
  return h("fieldset", { class: "facet", "data-testid": "facet" }, h("legend", { text: title }), h("div", { class: "values" }, ...rows));
}

/**
 * @param {string} name
 * @param {string} value
 * @param {string} title
 * @param {boolean} checked
 * @param {number} [count]
 */
function checkbox(name, value, title, checked, count) {
  const input = h("input", { type: "checkbox", name, value, checked });
  const counted = count === undefined ? null : h("span", { class: "quiet", text: `(${count})` });
  return h("label", { class: "value" }, input, h("span", { text: title }), " ", counted);
}

/**
 * @param {string} name
 * @param {Record<"from" | "to" | "lowest" | "highest", string>} ends
 */
function range(name, { from, to, lowest, highest }) {
  const props = { inputmode: "decimal", autocomplete: "off", maxlength: 20 };
  const low = h("input", { ...props, name: `from ${name}`, value: from, placeholder: lowest });
  const high = h("input", { ...props, name: `to ${name}`, value: to, placeholder: highest });
  return h("div", { class: "range" }, h("label", {}, "From", low), h("label", {}, "To", high));
}

/** @returns {HTMLInputElement | null} The filter that has the focus. */
function focused() {
  const active = document.activeElement;
  return active instanceof HTMLInputElement && byId("facets").contains(active) ? active : null;
}

/**
 * Let a customer go on in the same filter, with what is being typed there, though filters are made anew.
 *
 * @param {HTMLInputElement} left
 * @param {HTMLInputElement[]} inputs
 */
function goOn({ type, name, value }, inputs) {
  const same = inputs.find((input) => input.name === name && (type !== "checkbox" || input.value === value));
  if (same) same.value = value;
  same?.focus();
}
