/** The service worker: it shows one page where there is no network, and keeps nothing else. */

const NAME = "offline";

/** The page, and the stylesheet that it has now: the server writes them here. @type {string[]} */
const FILES = JSON.parse('["OFFLINE_FILES"]');

addEventListener("install", (event) => {
  const kept = caches.delete(NAME).then(() => caches.open(NAME)).then((cache) => cache.addAll(FILES));
  /** @type {any} */ (event).waitUntil(kept);
});

addEventListener("fetch", (event) => {
  const { request, respondWith } = bound(event);
  if (request.mode === "navigate") respondWith(fetch(request).catch(() => kept("/offline")));
  else if (request.destination === "style") respondWith(fetch(request).catch(() => kept(request)));
});

/** @param {any} event @returns {{request: Request, respondWith: (answer: Promise<Response>) => void}} */
function bound(event) {
  return { request: event.request, respondWith: (answer) => event.respondWith(answer) };
}

/** @param {RequestInfo} request */
async function kept(request) {
  return (await caches.match(request)) ?? Response.error();
}
