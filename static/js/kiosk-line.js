/* The line to the server: a hello now and then, which also sets the clock, and events one by one. */

const HELLO_MS = 20_000;
const AWAY_MS = 5_000;
/* Whoever stands there is told sooner than the browser gives up. */
const PATIENCE_MS = 8_000;

export class Line {
  /* `heard(settings)` after each hello that was answered, `changed()` whenever the state may have,
     `lost()` where the kiosk was switched off. */
  constructor(root, store, { heard, changed, lost }) {
    this.urls = { hello: root.helloUrl, events: root.eventsUrl };
    this.csrf = root.csrf;
    this.store = store;
    this.skewMs = 0;
    this.isOnline = false;
    this.tell = { heard, changed, lost };
    this.busy = null;
    this.sending = new Set();
  }

  async start() {
    this.skewMs = (await this.store.get("skew")) ?? 0;
    addEventListener("online", () => this.#again());
    addEventListener("offline", () => this.#set(false));
    document.addEventListener("visibilitychange", () => this.#again());
    await this.hello();
    setInterval(() => this.#tick(), 1000);
  }

  async hello() {
    this.next = Date.now() + HELLO_MS;
    const waiting = await this.store.count();
    const began = Date.now();
    const query = new URLSearchParams({ sent_at: new Date(began).toISOString(), waiting });
    const answer = await this.#ask(`${this.urls.hello}?${query}`);
    if (answer?.status === 200) {
      // In the middle of the way there and back, by both clocks.
      this.skewMs = (began + Date.now()) / 2 - Date.parse(answer.body.now);
      this.csrf = answer.body.csrf;
      await this.store.put("skew", this.skewMs);
      this.#set(true);
      this.tell.heard(answer.body);
      await this.deliverAll();
    } else if (answer?.status === 401) {
      this.tell.lost();
    } else {
      this.#set(false);
    }
  }

  /* One event that was just made: the server's answer, or null where it is kept for later. */
  async deliver(item) {
    this.sending.add(item.sequence);
    const answer = await this.#send(item).finally(() => this.sending.delete(item.sequence));
    if (answer === null) {
      this.#set(false);
      return null;
    }
    if (answer.status === 429 || answer.status === 503) {
      return { pause: answer.body?.error?.data?.retry_after_s ?? 5 };
    }
    if (answer.status === 401) {
      this.tell.lost();
      return null;
    }
    await this.store.remove(item.sequence);
    this.tell.changed();
    return answer.status === 200
      ? answer.body
      : { outcome: "refused", words: answer.body?.error?.message ?? "" };
  }

  /* What was kept, oldest first. One walk at a time, and it ends where the line does. */
  deliverAll() {
    this.busy ??= this.#walk().finally(() => {
      this.busy = null;
      this.tell.changed();
    });
    return this.busy;
  }

  async #walk() {
    for (const item of await this.store.all()) {
      if (this.sending.has(item.sequence)) {
        continue;
      }
      const answer = await this.deliver(item);
      if (answer === null || answer.pause) {
        return;
      }
    }
  }

  /* What became of an event, as soon as it is known; null where that takes too long. */
  async outcome(sequence, withinMs) {
    const until = Date.now() + withinMs;
    while (Date.now() < until) {
      await pause(350);
      const answer = await this.#ask(`${this.urls.events}${sequence}/`);
      if (answer?.status !== 200) {
        return null;
      }
      if (answer.body.outcome !== "waiting") {
        return answer.body;
      }
    }
    return null;
  }

  /* It may have been settled in this very moment: then that is the answer. */
  async withdraw(sequence) {
    const answer = await this.#ask(`${this.urls.events}${sequence}/withdraw/`, {
      method: "POST",
      headers: { "X-CSRFToken": this.csrf },
    });
    return answer?.status === 200 ? answer.body : null;
  }

  async #send(item) {
    const body = new FormData();
    body.append("event", item.event);
    body.append("signature", item.signature);
    body.append("sealed", new Blob([item.sealed]), "sealed");
    const ask = () =>
      this.#ask(this.urls.events, {
        method: "POST", body, headers: { "X-CSRFToken": this.csrf },
      });
    const answer = await ask();
    if (answer?.status !== 403 || answer.body?.error) {
      return answer;
    }
    // Not the kiosk's refusal but that of a form's token: the browser has lost its cookie.
    const fresh = await this.#ask(`${this.urls.hello}?waiting=1`);
    if (fresh?.status !== 200) {
      return null;
    }
    this.csrf = fresh.body.csrf;
    return ask();
  }

  /* Status and JSON; null where nobody answers, or somebody between here and the server does. */
  async #ask(url, options = {}) {
    try {
      const answer = await fetch(url, {
        ...options,
        headers: { Accept: "application/json", ...options.headers },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (answer.status >= 500 && answer.status !== 503) {
        return null;
      }
      const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
      return answer.status === 503 && !isJson
        ? null
        : { status: answer.status, body: isJson ? await answer.json() : null };
    } catch {
      return null;
    }
  }

  async #tick() {
    const isDue = Date.now() >= this.next;
    if (isDue && !this.asking) {
      this.#again();
    }
  }

  #again() {
    this.asking ??= this.hello().finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  #set(isOnline) {
    this.isOnline = isOnline;
    if (!isOnline) {
      this.next = Date.now() + AWAY_MS;
    }
    this.tell.changed();
  }
}

function pause(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
