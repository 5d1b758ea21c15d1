/**
 * The picture of a product, or a drawn stand-in where there is none: its initial in front of a quiet shape, both chosen by its id, so
 * that a product looks the same on every visit.
 */

import { h, svg } from "./dom.js";

/** @typedef {import("./types.js").ImageView} ImageView */

/** Of a card in the list, whose columns are at least 14rem wide. */
const SIZES = "(min-width: 60rem) 19rem, (min-width: 34rem) 22rem, 46vw";

/**
 * FNV-1a: small, and spreads ids that differ in one letter.
 *
 * @param {string} text
 * @returns {number} 32 bits.
 */
function hash(text) {
  let value = 0x811c9dc5;
  for (const char of text) value = Math.imul(value ^ /** @type {number} */ (char.codePointAt(0)), 0x01000193);
  return value >>> 0;
}

/** @type {((turn: number) => Element[])[]} Each fills a square of 100. */
const SHAPES = [
  (turn) => [
    svg("circle", { class: "shade", cx: 30 + turn, cy: 34, r: 30 }),
    svg("path", { class: "deep", d: "M0 74 Q28 54 54 70 T100 62 V100 H0 Z" }),
  ],
  (turn) => [
    svg("path", { class: "shade", d: "M14 100 V52 a24 24 0 0 1 48 0 V100 Z" }),
    svg("path", { class: "deep", d: `M50 100 V70 a20 20 0 0 1 40 0 V100 Z`, transform: `translate(${turn - 10})` }),
  ],
  (turn) => [
    svg("circle", { class: "shade", cx: 78, cy: 22 + turn, r: 34 }),
    svg("circle", { class: "deep", cx: 16, cy: 92 - turn, r: 30 }),
  ],
  (turn) => [
    svg("rect", { class: "shade", x: -20, y: 58, width: 150, height: 26, transform: `rotate(${turn - 18} 50 50)` }),
    svg("rect", { class: "deep", x: -20, y: 84, width: 150, height: 40, transform: `rotate(${turn - 18} 50 50)` }),
  ],
];

/**
 * @typedef {object} Look
 * @property {string} [sizes] Its width on the page, as HTML's `sizes`.
 * @property {string} [alt] The words that stand for it; empty where it is decorative, for the title stands beside it.
 * @property {boolean} [first] Whether it is in sight at once: then it is loaded before all others, and not when it comes near.
 */

/**
 * @param {{id: string, title: string, image?: ImageView | null}} product
 * @param {Look} [look]
 * @returns {HTMLElement} Its picture or its drawing.
 */
export function tile(product, { sizes = SIZES, alt = "", first = false } = {}) {
  if (!product.image) return drawn(product);
  const { src, width, height, sources, colour, focal } = product.image;
  const loading = first ? { loading: "eager", fetchpriority: "high" } : { loading: "lazy" };
  const image = h("img", { ...loading, decoding: "async", width, height, alt });
  const files = sources.map(({ type, srcset }) => h("source", { type, srcset, sizes }));
  const box = h("div", { class: "tile" }, h("picture", {}, ...files, image));
  box.style.setProperty("background-color", colour); // Until it is there.
  image.style.setProperty("object-position", focal.map((share) => `${share * 100}%`).join(" "));
  image.addEventListener("error", () => box.replaceWith(drawn(product)));
  image.src = src; // Last: until then the browser would not know that it may choose another.
  return box;
}

/** @param {{id: string, title: string}} product */
function drawn(product) {
  const seed = hash(product.id);
  const shapes = SHAPES[(seed >>> 9) % SHAPES.length]?.((seed >>> 13) % 24) ?? [];
  const initial = [...product.title][0]?.toUpperCase() ?? "";
  const letter = svg("text", { x: 50, y: 67, "text-anchor": "middle" }, initial);
  const frame = { viewBox: "0 0 100 100", preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true" };
  const drawing = svg("svg", frame, ...shapes, letter);
  const box = h("div", { class: "tile" }, drawing);
  // By property, not by attribute: the content security policy refuses inline styles.
  box.style.setProperty("--hue", String(seed % 360));
  return box;
}
