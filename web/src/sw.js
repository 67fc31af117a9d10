// The service worker: keeps the application's own files, so that it opens without a network, and never
// touches what a peer says about money or energy (the page keeps the last of that itself).
const version = "@version@";
const kept = ["@kept@"];
const store = "power-share-" + version;
const dataPaths = ["/v1/", "/etms/", "/api/", "/explorer", "/livez", "/readyz", "/healthz", "/metrics"];

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(store)
      .then((cache) => cache.addAll(kept.map((path) => new Request(path, { cache: "reload" }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const isFormer = (name) => name.startsWith("power-share-") && name !== store;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(isFormer).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

function pageOf(path) {
  return path === "/console" || path.startsWith("/console/") ? "/console.html" : "/index.html";
}

async function answer(request, path) {
  const cache = await caches.open(store);
  const found = await cache.match(path);
  return found ?? fetch(request);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (dataPaths.some((prefix) => url.pathname.startsWith(prefix))) return;
  const path = request.mode === "navigate" ? pageOf(url.pathname) : url.pathname;
  event.respondWith(answer(request, path));
});
