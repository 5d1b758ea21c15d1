/** The pictures of a product: one at large, all as small ones to choose from, and that of a SKU once that is chosen. */

import { byId, h } from "./dom.js";
import { tile } from "./tile.js";

/** @typedef {import("./types.js").ProductDetail} Product */
/** @typedef {import("./types.js").ImageView} ImageView */

/** The box of the one at large, beside the text and above it: width to height, and width. */
const BESIDE = { ratio: 4 / 5, width: "21rem" };
const ABOVE = { ratio: 4 / 3, width: "100vw" };

export class Gallery {
  /** @type {HTMLElement} */ #box = byId("product-picture");
  /** @type {HTMLElement} */ #choice = byId("product-pictures");
  /** @type {Product | null} */ #product = null;
  #shown = "";

  /** @param {Product} product */
  show(product) {
    this.#product = product;
    this.#shown = "";
    const images = product.images.length > 1 ? product.images : [];
    this.#choice.hidden = images.length === 0;
    this.#choice.replaceChildren(...images.map((image, place) => this.#small(image, place)));
    this.#large(product.images[0] ?? null);
  }

  /**
   * Show what was chosen at large.
   *
   * @param {string[]} ids The pictures that show it, the best first; none if it has none of its own.
   */
  choose(ids) {
    const image = this.#product?.images.find(({ id }) => id === ids[0]);
    if (image && !ids.includes(this.#shown)) this.#large(image);
  }

  /** @param {ImageView | null} image */
  #large(image) {
    if (!this.#product) return;
    this.#shown = image?.id ?? "";
    const look = { sizes: image ? sizes(image) : "", alt: image ? words(image) : "", first: true };
    this.#box.replaceChildren(tile({ ...this.#product, image }, look));
    for (const button of this.#choice.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.image === this.#shown));
    }
  }

  /**
   * @param {ImageView} image
   * @param {number} place
   */
  #small(image, place) {
    const props = {
      type: "button",
      class: "thumb",
      "data-image": image.id,
      "data-testid": "small-picture",
      "aria-label": words(image) || `Picture ${place + 1}`,
      onclick: () => this.#large(image),
    };
    return h("button", props, tile({ id: image.id, title: "", image }, { sizes: "4rem" }));
  }
}

/**
 * @param {ImageView} image
 * @returns {string} The words that stand for it, in this page's language if there are some.
 */
function words({ alt, alts }) {
  return alts[document.documentElement.lang] ?? alt;
}

/**
 * @param {ImageView} image
 * @returns {string} How wide it is drawn: wider than its box where it is cropped at the sides.
 */
function sizes({ width, height }) {
  const [beside, above] = [BESIDE, ABOVE].map((box) => {
    const factor = Math.max(1, width / height / box.ratio);
    return factor === 1 ? box.width : `calc(${box.width} * ${factor.toFixed(2)})`;
  });
  return `(min-width: 44.01rem) ${beside}, ${above}`;
}
