/** The service worker: it shows one page where there is no network, and keeps nothing else. */

const NAME = "offline";
const FILES = OFFLINE_FILES; // Filled in by the server: the page, and the stylesheet that it has now.

addEventListener("install", (event) => {
  event.waitUntil(caches.delete(NAME).then(() => caches.open(NAME)).then((cache) => cache.addAll(FILES)));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match("/offline")));
  else if (request.destination === "style") event.respondWith(fetch(request).catch(() => caches.match(request)));
});
