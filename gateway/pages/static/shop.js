/** What scripts add to the storefront: live stock, the basket in all windows, countdowns, and lists without reloading. */

import "./basket.js";
import "./holds.js";
import "./swap.js";
import { live, watch } from "./stock.js";

watch(document);
addEventListener("swapped", (event) => watch(/** @type {Element} */ (event.target)));
live.start();
