/* The live connection: a websocket that comes back by itself, and its events as DOM events.
 *
 * Each server event {type, …} becomes `live:<type>` on document, at most five times a second for
 * each type, with detail {type, events}: every event since the last one. After a loss,
 * `live:reconnected` tells partials to read again, because events of the gap are gone;
 * `live:opened` comes with the first opening as well. */

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 20_000;
const MERGE_MS = 200;
const PING_MS = 25_000; // below the 60 s after which common proxies cut silent connections
const QUIET_MS = 1500; // a blink of the connection needs no banner
const SIGNED_OUT = 4401;

export function connectLive(path, onEvent = () => {}, onState = () => {}) {
  const url = new URL(path, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  let socket = null;
  let failures = 0;
  let wasOpen = false;
  let stopped = false;
  let retryTimer = 0;
  let pingTimer = 0;
  const relay = merger();

  const setState = (state) => {
    showState(state);
    onState(state);
  };

  const open = () => {
    clearTimeout(retryTimer);
    socket = new WebSocket(url);
    socket.addEventListener("open", () => {
      failures = 0;
      setState("open");
      if (wasOpen) {
        document.dispatchEvent(new CustomEvent("live:reconnected"));
      }
      wasOpen = true;
      document.dispatchEvent(new CustomEvent("live:opened"));
      pingTimer = setInterval(() => socket.send('{"type": "ping"}'), PING_MS);
    });
    socket.addEventListener("message", (message) => {
      const event = JSON.parse(message.data);
      if (event.type === "pong" || event.type === "hello") {
        return;
      }
      onEvent(event);
      relay(event);
    });
    socket.addEventListener("close", (event) => {
      clearInterval(pingTimer);
      if (stopped) {
        return;
      }
      if (event.code === SIGNED_OUT) {
        stopped = true;
        setState("signed-out");
        return;
      }
      setState("lost");
      retryTimer = setTimeout(open, retryDelayMs(failures));
      failures += 1;
    });
  };

  const retryNow = () => {
    if (!stopped && socket?.readyState === WebSocket.CLOSED) {
      open();
    }
  };
  const retryWhenSeen = () => {
    if (!document.hidden) {
      retryNow();
    }
  };
  window.addEventListener("online", retryNow);
  document.addEventListener("visibilitychange", retryWhenSeen);

  setState("connecting");
  open();

  return {
    close() {
      stopped = true;
      clearTimeout(retryTimer);
      window.removeEventListener("online", retryNow);
      document.removeEventListener("visibilitychange", retryWhenSeen);
      socket.close();
    },
  };
}

// Doubling with jitter, so that a hundred browsers do not come back in the same instant.
export function retryDelayMs(failures, random = Math.random) {
  const ceiling = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
  return ceiling / 2 + (random() * ceiling) / 2;
}

function merger() {
  const waiting = new Map(); // type → events that came while its window was open
  const send = (type, events) =>
    document.dispatchEvent(new CustomEvent(`live:${type}`, { detail: { type, events } }));

  const closeWindow = (type) => {
    const events = waiting.get(type);
    if (events.length === 0) {
      waiting.delete(type);
      return;
    }
    waiting.set(type, []);
    setTimeout(closeWindow, MERGE_MS, type);
    send(type, events);
  };

  return (event) => {
    const held = waiting.get(event.type);
    if (held) {
      held.push(event);
      return;
    }
    waiting.set(event.type, []);
    setTimeout(closeWindow, MERGE_MS, event.type);
    send(event.type, [event]);
  };
}

const WORDS = {
  connecting: "Connecting…",
  open: "Live",
  lost: "Connection lost, trying again…",
  "signed-out": "Signed out",
};
let bannerTimer = 0;

function showState(state) {
  document.documentElement.dataset.live = state;
  for (const text of document.querySelectorAll("[data-live-text]")) {
    text.textContent = WORDS[state];
  }
  const banner = document.getElementById("connection-banner");
  if (!banner) {
    return;
  }
  clearTimeout(bannerTimer);
  if (state === "open" || state === "connecting") {
    banner.hidden = true;
    return;
  }
  banner.querySelector("[data-banner-text]").textContent =
    state === "signed-out"
      ? "You are signed out. Reload the page to sign in again."
      : "The live connection is lost; what you see may be old. Trying again…";
  bannerTimer = setTimeout(() => {
    banner.hidden = false;
  }, QUIET_MS);
}
