/* What a tablet keeps in its browser: its keys, which scripts can use but not read, the number of
   its next event, and the events that the server has not answered yet, sealed as they were made. */

const NAME = "gatehouse-kiosk";
const THINGS = "things";
const QUEUE = "queue";

/* Pictures are large: of events with any there may be fewer. */
const MOST = { face: 40, pin: 400, qr: 400 };

export class Store {
  static async open() {
    const opening = indexedDB.open(NAME, 1);
    opening.addEventListener("upgradeneeded", () => {
      opening.result.createObjectStore(THINGS);
      opening.result.createObjectStore(QUEUE, { keyPath: "sequence" });
    });
    return new Store(await done(opening));
  }

  constructor(database) {
    this.database = database;
  }

  get(name) {
    return done(this.#in(THINGS, "readonly").get(name));
  }

  put(name, value) {
    return done(this.#in(THINGS, "readwrite").put(value, name));
  }

  /* Taken and never given again, even where the page is loaded anew in the same moment. */
  async nextSequence() {
    const things = this.#in(THINGS, "readwrite");
    const next = (await done(things.get("sequence"))) ?? 1;
    await done(things.put(next + 1, "sequence"));
    return next;
  }

  async raiseSequence(least) {
    const things = this.#in(THINGS, "readwrite");
    const next = (await done(things.get("sequence"))) ?? 1;
    await done(things.put(Math.max(next, least), "sequence"));
  }

  /* False where as many are kept already as may be. */
  async add(item) {
    const same = (await this.all()).filter((one) => one.kind === item.kind);
    if (same.length >= MOST[item.kind]) {
      return false;
    }
    await done(this.#in(QUEUE, "readwrite").put(item));
    return true;
  }

  all() {
    return done(this.#in(QUEUE, "readonly").getAll());
  }

  count() {
    return done(this.#in(QUEUE, "readonly").count());
  }

  remove(sequence) {
    return done(this.#in(QUEUE, "readwrite").delete(sequence));
  }

  /* Another kiosk's, or those of one that was switched off: nobody could open them any more. */
  async forget() {
    await done(this.#in(QUEUE, "readwrite").clear());
    await done(this.#in(THINGS, "readwrite").delete("keys"));
  }

  #in(name, mode) {
    return this.database.transaction(name, mode).objectStore(name);
  }
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}
