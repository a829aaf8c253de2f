/* An event of the tablet: numbered, sealed, signed and kept before it is sent. */
import { seal, sign } from "./kiosk-seal.js";

const PAUSES = 4;
const encoder = new TextEncoder();

export class Events {
  /* `clockWords(date)` says a moment of the tablet as the site's clocks do; `changed()` is called once
     an event is kept. */
  constructor(keys, store, line, { clockWords, changed }) {
    this.keys = keys;
    this.store = store;
    this.line = line;
    this.clockWords = clockWords;
    this.changed = changed;
  }

  /* The server's answer; where it is away, that the event is kept until it is back. */
  async register(kind, direction, plain, agesS = []) {
    const at = new Date();
    const item = await this.#made(at, kind, direction, plain, agesS);
    if (!(await this.store.add(item))) {
      return { outcome: "refused", words: "This tablet can keep no more. Please tell the office." };
    }
    this.changed();
    for (let turn = 0; turn < PAUSES; turn += 1) {
      const answer = await this.line.deliver(item);
      if (!answer?.pause) {
        return answer ?? { outcome: "kept", time: this.clockWords(at) };
      }
      await new Promise((resolve) => {
        setTimeout(resolve, answer.pause * 1000);
      });
    }
    return { outcome: "kept", time: this.clockWords(at) };
  }

  registerCredential(kind, direction, content) {
    return this.register(kind, direction, encoder.encode(JSON.stringify(content)));
  }

  async #made(at, kind, direction, plain, agesS) {
    const sequence = await this.store.nextSequence();
    const event = JSON.stringify({
      kiosk: this.keys.kiosk,
      sequence,
      kind,
      direction,
      device_at: at.toISOString(),
      skew_ms: Number(this.line.skewMs.toFixed(1)),
      ...(agesS.length ? { ages_s: agesS } : {}),
    });
    const signed = encoder.encode(event);
    const sealed = await seal(this.keys.public, signed, plain);
    const signature = await sign(this.keys.signing, signed, sealed);
    return { sequence, kind, event, sealed, signature };
  }
}
