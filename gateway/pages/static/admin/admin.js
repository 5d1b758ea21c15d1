/** What scripts add to the admin portal: lists without reloading, keys, finding anything, and what is live. */

import "../swap.js";
import "./keys.js";
import "./palette.js";
import "./live_orders.js";

document.documentElement.classList.add("js");
