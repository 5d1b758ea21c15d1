/**
 * The page's map: its parts, their wiring, and the part that each address shows.
 *
 * Places are in the address's hash, so that this one page needs nothing of the server but its API:
 * `#/`, `#product/{id}`, `#basket`, `#checkout`, `#orders`, `#order/{id}`. A mail links to `/order/{id}#token=...`.
 */

import { ask } from "./api.js";
import { Basket } from "./basket.js";
import { BasketView } from "./basket-view.js";
import { CatalogView } from "./catalog.js";
import { byId, h, hush, safeUrl, say, setText } from "./dom.js";
import { LiveShop } from "./live.js";
import { showOrders, takeLink } from "./order-keys.js";
import { StockBoard } from "./stock-board.js";
import { problemWords, spanWords } from "./words.js";

/** @typedef {import("./types.js").Config} Config */

takeLink(); // First of all: until then the address holds a token.

/** The server shows this page at readable addresses, too; inside, they are places like any other. */
const path = location.pathname.match(/^\/(search|basket|checkout|p\/[^/]+|order\/[^/]+)$/)?.[1];
if (path) {
  const place = path === "search" ? "/" : path.replace(/^p\//, "product/");
  history.replaceState(null, "", `/${location.search}${location.hash || `#${place}`}`);
}

/** @type {Promise<Config> | null} */
let asked = null;

/** @returns {Promise<Config>} Read once, but again after a failure. */
function config() {
  asked ??= ask("GET", "/config").catch((error) => {
    asked = null;
    throw error;
  });
  return asked;
}

const live = new LiveShop(await config().then((known) => known.live_url, () => "/live"));
const board = new StockBoard(live);
const basket = new Basket(live);
const catalog = new CatalogView(board, basket);
const basketView = new BasketView(basket);
// Who looks around needs none of these: they are loaded when they are first opened.
const product = part(async () => new (await import("./product.js")).ProductView(live, board, basket));
const checkout = part(async () => {
  const [{ CheckoutView }, { countries }] = await Promise.all([import("./checkout.js"), config()]);
  return new CheckoutView(basket, countries);
});
const order = part(async () => new (await import("./order.js")).OrderView(live, config, basket));

/**
 * Make a part of the page that is loaded when it is first opened.
 *
 * @template {{open: (id: string) => void, close: () => void}} T
 * @param {() => Promise<T>} load
 */
function part(load) {
  /** @type {Promise<T> | null} */
  let loaded = null;
  return {
    /** @param {string} [id] @param {(made: T) => void} [then] */
    open(id = "", then) {
      loaded ??= load().catch((error) => {
        loaded = null;
        throw error;
      });
      loaded.then((made) => (made.open(id), then?.(made))).catch((error) => say(problemWords(error), "bad"));
    },
    close: () => void loaded?.then((made) => made.close(), () => {}),
  };
}

/** @type {Record<string, string>} */
const LIVE_WORDS = { stale: "catching up", closed: "offline" }; // Where a status is not a good word for itself.

live.addEventListener("status", () => {
  setText(byId("live-words"), LIVE_WORDS[live.status] ?? live.status);
  byId("live").dataset.status = live.status;
});
// While the page was hidden, SKUs out of view may have changed, too; the customer's basket matters most.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) basket.load().catch(() => {});
});

/** @type {Record<string, string>} */
const TITLES = { basket: "Basket", checkout: "Checkout", order: "Your order", orders: "Your orders" };

/** Show the part that the address names. */
function route() {
  const [place = "", rest = ""] = location.hash.slice(1).split(/\/(.*)/s);
  if (place === "main") return; // The skip link's, not ours.
  const [id = ""] = rest.split("?");
  hush();
  const over = place === "product" || place === "basket"; // Dialogs over the list.
  if (place !== "product") product.close(); // One product replaces another: a closed dialog would lead to the list.
  if (place !== "basket") basketView.close();
  if (place !== "checkout") checkout.close();
  if (place !== "order") order.close();
  byId("orders").hidden = place !== "orders";
  byId("legal").hidden = place !== "legal";
  const other = ["checkout", "order", "orders", "legal"].includes(place); // In the list's place.
  byId("catalog").hidden = other;
  document.title = TITLES[place] ? `${TITLES[place]} · ShopFlow` : "ShopFlow";
  showOrders();
  if (place === "product") product.open(decodeURIComponent(id));
  else if (place === "basket") basketView.open();
  else if (place === "checkout") checkout.open();
  else if (place === "order") openOrder(decodeURIComponent(id));
  else if (place === "legal") config().then(({ notices }) => showNotice(notices, decodeURIComponent(id)), () => {});
  if (other) byId("main").focus({ preventScroll: true }); // Screen readers follow, too.
  if (!over) scrollTo(0, other ? 0 : listTop);
}

/** @param {string} id */
function openOrder(id) {
  const redirect_status = new URLSearchParams(location.search).get("redirect_status");
  if (redirect_status) history.replaceState(null, "", location.pathname + location.hash); // Shown once.
  order.open(id, (made) => redirect_status && made.approval(redirect_status));
}

/**
 * Offer what the shop has to say of itself: at its address, or as a text on this page.
 *
 * @param {Config} config
 */
function tellAbout({ cart_hold_s, tax_note, notices }) {
  basket.hold = spanWords(cart_hold_s);
  for (const element of document.querySelectorAll(".hold-time")) setText(element, `you for ${basket.hold}`);
  for (const element of document.querySelectorAll(".tax-note")) {
    setText(element, tax_note);
    element.toggleAttribute("hidden", !tax_note);
  }
  const links = notices.map(({ title, url }) =>
    h("a", { href: url ? safeUrl(url) : `#legal/${encodeURIComponent(title)}`, text: title, rel: url && "noopener" }),
  );
  byId("notices").querySelector("nav").replaceChildren(...links);
  byId("notices").hidden = links.length === 0;
}

/**
 * @param {Config["notices"]} notices
 * @param {string} title
 */
function showNotice(notices, title) {
  setText(byId("legal-title"), title);
  setText(byId("legal-text"), notices.find((notice) => notice.title === title)?.text ?? "There is nothing here.");
}

/** The list's scroll position, to come back to. */
let listTop = 0;
addEventListener("scroll", () => byId("catalog").hidden || (listTop = scrollY), { passive: true });

/** A dialog that was closed, by whatever means, is no longer the place we are at. */
for (const id of ["product", "basket"]) {
  /** @type {HTMLDialogElement} */
  const dialog = byId(id);
  dialog.addEventListener("close", () => {
    if (location.hash.startsWith(`#${id}`)) {
      history.replaceState(null, "", "#/");
      route();
    }
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // The backdrop: the dialog's own content covers all the rest.
  });
}
for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog")?.close());
}

addEventListener("hashchange", route);
live.start();
route();
basket.load().catch((error) => say(problemWords(error), "bad"));
config().then((known) => {
  tellAbout(known);
  catalog.offerCategories(known.categories);
}, () => {});
