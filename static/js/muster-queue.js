/* Marks of a roll-call that the server has not acknowledged yet. They outlive the connection, the
 * page and the browser: each is an item of localStorage, under its own key, and holds ids and a
 * state, never a name. A mark that was sent and not answered is sent again; the server knows its
 * key and takes it once. */

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;
const TIMEOUT_MS = 10_000;
const AT_ONCE = 200;

export function markQueue({ muster, url, pass, csrf, onChange, onKept, onRefused }) {
  const start = `gatehouse-muster:${muster}:`;
  const held = new Map(); // where the browser keeps nothing, for as long as the page lives
  let isSending = false;
  let failures = 0;
  let timer = 0;
  let trouble = ""; // "", "away" or "signed-out"

  for (const [name, text] of stored(start)) {
    held.set(name.slice(start.length), JSON.parse(text));
  }

  function add(entry, state) {
    const key = newKey();
    const mark = { key, entry, state, at: new Date().toISOString(), pass };
    held.set(key, mark);
    keep(start + key, JSON.stringify(mark));
    onChange();
    send();
  }

  /* The latest of a person's marks that wait; undefined where none does. */
  function stateOf(entry) {
    let latest;
    for (const mark of held.values()) {
      if (mark.entry === entry && (!latest || mark.at >= latest.at)) {
        latest = mark;
      }
    }
    return latest?.state;
  }

  async function send() {
    if (isSending || held.size === 0) {
      return;
    }
    isSending = true;
    clearTimeout(timer);
    const marks = [...held.values()].sort((a, b) => (a.at < b.at ? -1 : 1)).slice(0, AT_ONCE);
    let answer = null;
    try {
      answer = await fetch(url, {
        method: "POST",
        headers: {
          "X-CSRFToken": csrf(),
          "Content-Type": "application/json",
          Accept: "application/json",
        },
        body: JSON.stringify({ sent_at: new Date().toISOString(), marks }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
        redirect: "manual",
      });
    } catch {
      // Away, or too slow: whether it was taken shows when it is sent again.
    }
    isSending = false;
    const isSignedOut =
      answer?.type === "opaqueredirect" || answer?.status === 401 || answer?.status === 403;
    if (answer?.ok) {
      const { kept, refused } = await answer.json();
      for (const key of kept) {
        onKept(held.get(key));
        forget(key);
      }
      for (const [key, reason] of Object.entries(refused)) {
        onRefused(held.get(key), reason);
        forget(key);
      }
      failures = 0;
      trouble = "";
      onChange();
      send();
      return;
    }
    failures += 1;
    trouble = isSignedOut ? "signed-out" : "away";
    onChange();
    timer = setTimeout(send, Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1)));
  }

  function forget(key) {
    held.delete(key);
    drop(start + key);
  }

  const soon = () => {
    failures = 0;
    send();
  };
  window.addEventListener("online", soon);
  document.addEventListener("live:opened", soon);
  send();

  return {
    add,
    stateOf,
    send,
    waiting: () => held.size,
    trouble: () => trouble,
  };
}

// randomUUID is there on safe origins only; phones in a house without TLS are on none.
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function stored(start) {
  try {
    return Object.entries(localStorage).filter(([name]) => name.startsWith(start));
  } catch {
    return []; // private windows may refuse storage
  }
}

function keep(name, text) {
  try {
    localStorage.setItem(name, text);
  } catch {
    // Held by the page then.
  }
}

function drop(name) {
  try {
    localStorage.removeItem(name);
  } catch {
    // As above.
  }
}
