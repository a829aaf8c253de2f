{% load static %}/* Keeps the tablet's page for when the server is away. What it holds is asked for anew whenever the
   server answers, and nothing but the page and its parts is held: no event, no answer, no picture. */
const CACHE = "gatehouse-kiosk-1";
const PAGE = "{% url 'kiosk_device:tablet' %}";
const QR = "{% url 'privacy:policy_qr' %}";
const PARTS = "{% get_static_prefix %}";

self.addEventListener("install", (event) => {
  event.waitUntil(self.skipWaiting());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

/* The page tells what it is made of, since it was loaded before this was there. */
self.addEventListener("message", (event) => {
  if (event.data?.kind !== "keep") {
    return;
  }
  event.waitUntil(keep([PAGE, QR, ...event.data.parts.filter(isPart)]));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const isOurs = url.origin === location.origin && event.request.method === "GET";
  if (isOurs && (url.pathname === PAGE || url.pathname === QR || isPart(url.pathname))) {
    event.respondWith(fromServerFirst(event.request, url.pathname));
  }
});

function isPart(path) {
  return path.startsWith(PARTS);
}

async function keep(paths) {
  const cache = await caches.open(CACHE);
  await Promise.all(
    paths.map(async (path) => {
      const answer = await fetch(path);
      if (answer.ok) {
        await cache.put(path, answer);
      }
    }),
  );
}

async function fromServerFirst(request, path) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) {
      await cache.put(path, answer.clone());
    }
    return answer.status < 500 ? answer : ((await cache.match(path)) ?? answer);
  } catch (error) {
    const kept = await cache.match(path);
    if (kept) {
      return kept;
    }
    throw error;
  }
}
