/** An order's page as its life goes on: each change is shown as it happens, and the time to pay is counted down. */

import { live } from "./stock.js";
import { replace } from "./swap.js";
import { say, setText } from "./words.js";
import { startPayment } from "./payment.js";

const PARTS = ["news", "timeline", "goods", "where", "acts"];
const HURRY_MS = 300_000; // With less time left than this, the countdown asks for attention.
const WITHOUT_SOCKET_MS = 10_000;
const AFTER_END_MS = 3_000; // The shop ends an order a moment after its time.

const language = document.documentElement.lang;
/** The difference between the shop's clock and this one, as the page was made. */
const ahead_ms = (Date.parse(document.documentElement.dataset.now ?? "") || Date.now()) - Date.now();

const news = () => /** @type {HTMLElement} */ (document.getElementById("news"));
const id = news().dataset.order ?? "";

/** @type {number | undefined} */
let reread;
let asked = 0;

const isFinal = () => ["delivered", "cancelled"].includes(news().dataset.status ?? "");

/** Read the page again, and take the parts that change. */
async function refresh() {
  clearTimeout(reread);
  reread = undefined;
  const turn = ++asked;
  const html = await page();
  if (!html || turn !== asked) return; // A later answer is on its way, and knows better.
  const before = news().dataset.status;
  for (const part of PARTS) replace(part, html);
  if (news().dataset.status !== before) say(document.querySelector(".status")?.textContent ?? ""); // Read out, too.
  dress();
}

async function page() {
  try {
    const answer = await fetch(location.pathname, { headers: { "X-Swap": "news" }, signal: AbortSignal.timeout(20_000) });
    return answer.ok ? await answer.text() : "";
  } catch {
    return "";
  }
}

/** Show what only a script can: the reader's own time, and what is left of it to pay. */
function dress() {
  for (const each of document.querySelectorAll("time[datetime]")) {
    const at = new Date(each.getAttribute("datetime") ?? "");
    setText(each, at.toLocaleString(language, { dateStyle: "medium", timeStyle: "short" }));
  }
  showPayment(news().dataset.status ?? "");
  tick();
}

/** @param {string} status */
function showPayment(status) {
  const payment = document.getElementById("payment");
  if (payment) payment.hidden = status !== "pending_payment";
  else if (status === "pending_payment" && !document.querySelector("[data-testid=payment-later]")) location.reload();
}

function tick() {
  const deadline = document.querySelector(".deadline[data-until]");
  if (!(deadline instanceof HTMLElement)) return;
  const until = Date.parse(deadline.dataset.until ?? "") - ahead_ms;
  const left_ms = until - Date.now();
  deadline.dataset.state = left_ms < HURRY_MS ? "soon" : "";
  const time = new Date(until).toLocaleTimeString(language, { timeStyle: "short" });
  const told = (deadline.dataset.left ?? "").replace("{time}", time).replace("{left}", clock(left_ms));
  setText(deadline, left_ms > 0 ? told : (deadline.dataset.over ?? ""));
  if (left_ms <= 0 && !reread) reread = setTimeout(() => void refresh(), AFTER_END_MS);
}

/** @param {number} left_ms */
function clock(left_ms) {
  const left_s = Math.max(0, Math.ceil(left_ms / 1000));
  return `${Math.floor(left_s / 60)}:${String(left_s % 60).padStart(2, "0")}`;
}

live.addEventListener("order", (event) => {
  if (/** @type {CustomEvent} */ (event).detail.order_id === id) void refresh();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void refresh(); // Its socket may have slept.
});
setInterval(tick, 1000);
// Where no socket works, the page asks now and then while somebody looks at it.
setInterval(() => {
  if (live.status !== "live" && document.visibilityState === "visible" && !isFinal()) void refresh();
}, WITHOUT_SOCKET_MS);
if (news().dataset.watch) live.watchOrder(id, news().dataset.watch ?? "");
dress();
startPayment(refresh);
