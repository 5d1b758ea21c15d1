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
import { CheckoutView } from "./checkout.js";
import { byId, hush, say, setText } from "./dom.js";
import { LiveShop } from "./live.js";
import { OrderView, showOrders } from "./order.js";
import { takeLink } from "./order-keys.js";
import { ProductView } from "./product.js";
import { StockBoard } from "./stock-board.js";
import { problemWords } from "./words.js";

/** @typedef {import("./types.js").Config} Config */

takeLink(); // First of all: until then the address holds a token.

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
const product = new ProductView(live, board, basket);
const basketView = new BasketView(basket);
const checkout = new CheckoutView(basket);
const order = new OrderView(live, config);

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
  product.close();
  basketView.close();
  if (place !== "checkout") checkout.close();
  if (place !== "order") order.close();
  byId("orders").hidden = place !== "orders";
  const other = ["checkout", "order", "orders"].includes(place); // In the list's place.
  byId("catalog").hidden = other;
  document.title = TITLES[place] ? `${TITLES[place]} · ShopFlow` : "ShopFlow";
  showOrders();
  if (place === "product") product.open(decodeURIComponent(id));
  else if (place === "basket") basketView.open();
  else if (place === "checkout") checkout.open();
  else if (place === "order") openOrder(decodeURIComponent(id));
  if (other) byId("main").focus({ preventScroll: true }); // Screen readers follow, too.
  if (!over) scrollTo(0, other ? 0 : listTop);
}

/** @param {string} id */
function openOrder(id) {
  order.open(id);
  const redirect_status = new URLSearchParams(location.search).get("redirect_status");
  if (redirect_status) {
    history.replaceState(null, "", location.pathname + location.hash); // Shown once, not at each reload.
    order.approval(redirect_status);
  }
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

/** The server may show this page at readable addresses, too; inside, they are places like any other. */
const path = location.pathname.match(/^\/(basket|checkout|p\/[^/]+|order\/[^/]+)\/?$/)?.[1];
if (path && !location.hash) history.replaceState(null, "", `/${location.search}#${path.replace(/^p\//, "product/")}`);
byId("query").value = new URLSearchParams(location.search).get("q") ?? "";

addEventListener("hashchange", route);
live.start();
route();
catalog.load().catch((error) => say(problemWords(error), "bad"));
basket.load().catch((error) => say(problemWords(error), "bad"));
config().then(({ categories }) => catalog.offerCategories(categories), () => {});
