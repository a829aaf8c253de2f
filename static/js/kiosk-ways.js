/* The three ways to register: by face, by PIN, by QR code. */
import { scanCodes } from "./kiosk-camera.js";
import { packed } from "./kiosk-seal.js";
import { home, idle, isShown, leave, look, one, problem, say, show } from "./kiosk-screens.js";

const LOOK_MS = 12_000;

export class Ways {
  /* `asksDirection()` tells whether people are asked if they come or go. */
  constructor(camera, events, line, asksDirection) {
    this.camera = camera;
    this.events = events;
    this.line = line;
    this.asksDirection = asksDirection;
  }

  register(way, direction) {
    return { face: () => this.#byFace(direction), pin: () => this.#byPin(direction),
      qr: () => this.#byCode(direction) }[way]();
  }

  listen() {
    for (const button of document.querySelectorAll("[data-open]")) {
      const open = { pin: () => this.#openPin(), qr: () => this.#openCode() };
      button.addEventListener("click", open[button.dataset.open]);
    }
    for (const button of document.querySelectorAll("[data-back]")) {
      button.addEventListener("click", home);
    }
    for (const name of ["pin-form", "qr-form"]) {
      one(name).addEventListener("submit", (event) => event.preventDefault());
      one(name).addEventListener("input", idle);
    }
    one("pin-form").addEventListener("focusin", (event) => {
      if (event.target.matches("input")) {
        one("pad").dataset.into = event.target.name;
      }
    });
    for (const key of document.querySelectorAll("[data-key]")) {
      key.addEventListener("click", () => press(key.dataset.key));
    }
  }

  async #byFace(direction) {
    if (!this.camera.isOpen) {
      say({ words: "The camera is not ready. Please enter your PIN." });
      return;
    }
    const progress = one("looking-progress");
    progress.value = 0;
    look(true);
    const { pictures, agesS } = await this.camera.burst((number) => {
      progress.value = number;
    });
    const answer = await this.events.register("face", direction, await packed(pictures), agesS);
    if (answer.outcome !== "waiting") {
      say(answer);
      return;
    }
    const settled =
      (await this.line.outcome(answer.sequence, LOOK_MS)) ??
      (await this.line.withdraw(answer.sequence));
    const isKnown = settled && settled.outcome !== "waiting" && settled.words !== "";
    say(isKnown ? settled : { words: "This takes too long. Please enter your PIN." });
  }

  async #byPin(direction) {
    const form = one("pin-form");
    const code = form.elements.code.value.trim();
    const pin = form.elements.pin.value;
    if (!code || !/^\d{4,8}$/.test(pin)) {
      problem("pin", code ? "A PIN has four to eight digits." : "Type your code first.");
      (code ? form.elements.pin : form.elements.code).focus();
      return;
    }
    form.elements.pin.value = "";
    await this.#byCredential("pin", direction, { code, secret: pin });
  }

  async #byCode(direction) {
    const form = one("qr-form");
    const secret = form.elements.token.value.trim();
    if (!secret) {
      problem("qr", "Hold your code before the camera or the scanner.");
      form.elements.token.focus();
      return;
    }
    form.elements.token.value = "";
    await this.#byCredential("qr", direction, { secret });
  }

  async #byCredential(kind, direction, content) {
    problem(kind, "One moment…");
    const answer = await this.events.registerCredential(kind, direction, content);
    if (answer.outcome === "refused") {
      problem(kind, answer.words);
      (kind === "pin" ? one("pin-form").elements.pin : one("qr-form").elements.token).focus();
      idle();
      return;
    }
    say(answer);
  }

  #openPin() {
    show("pin");
    const { code } = one("pin-form").elements;
    code.inputMode = "none";
    code.focus();
    idle();
  }

  async #openCode() {
    show("qr");
    const { token } = one("qr-form").elements;
    token.focus();
    idle();
    const stage = one("qr-stage");
    const hint = one("qr-hint");
    const end = await scanCodes(this.camera, one("qr-video"), (text) => {
      token.value = text;
      hint.textContent = this.asksDirection() ? "Read. In or out?" : "Read.";
      leave(null);
      stage.hidden = true;
      if (!this.asksDirection()) {
        this.#byCode("unknown");
      }
    });
    if (!isShown("qr")) {
      end?.();
      return;
    }
    leave(end);
    stage.hidden = end === null;
    hint.textContent = end
      ? "Hold your code before the camera."
      : "This browser reads no codes by its camera. Use a code scanner, or your PIN.";
  }
}

function press(key) {
  const form = one("pin-form");
  const field = form.elements[one("pad").dataset.into || "code"];
  if (key === "letters") {
    form.elements.code.inputMode = "text";
    form.elements.code.blur();
    form.elements.code.focus();
    return;
  }
  if (key === "back") {
    field.value = field.value.slice(0, -1);
  } else if (field.value.length < field.maxLength) {
    field.value += key;
  }
  idle();
}
