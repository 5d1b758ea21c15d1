/** What scripts add to the storefront: live stock, the basket in all windows, suggestions, and lists without reloading. */

import "./basket.js";
import "./suggest.js";
import "./swap.js";
import { live, watch } from "./stock.js";

/** Show the part of a picture that matters: a page may hold no styles of its own. @param {ParentNode} root */
function focus(root) {
  for (const image of root.querySelectorAll("[data-focal]")) {
    const [x, y] = (image.getAttribute("data-focal") ?? "").split(" ").map((part) => Number(part) * 100);
    if (image instanceof HTMLElement && (x !== 50 || y !== 50)) image.style.objectPosition = `${x}% ${y}%`;
  }
}

/** @param {ParentNode} root */
function dress(root) {
  watch(root);
  focus(root);
}

dress(document);
addEventListener("swapped", (event) => dress(/** @type {Element} */ (event.target)));
live.start();

// Whoever comes a second time may come without a network: a worker keeps one page for that.
const VISITED = "visited";
try {
  // Where a browser takes none, all works but that page.
  if (localStorage.getItem(VISITED)) navigator.serviceWorker?.register("/sw.js").catch(() => {});
  else localStorage.setItem(VISITED, "1");
} catch {
  // A browser that keeps nothing has no need of it.
}
