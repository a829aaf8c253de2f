/* The tablet's camera: the preview, a few pictures in a row, and reading QR codes. */
import { WebcamSource } from "./webcam-source.js";

const PICTURES = 3;
const GAP_MS = 350;
const AGAIN_MS = 10_000;
const SCAN_MS = 250;

export class KioskCamera {
  constructor(video, message) {
    this.source = new WebcamSource(video, message);
    this.video = video;
    this.isWanted = false;
    this.timer = 0;
  }

  get isOpen() {
    return this.source.isOpen;
  }

  /* Tried again until there is one: tablets are started before their camera is free. */
  async start() {
    if (this.isWanted) {
      return;
    }
    this.isWanted = true;
    await this.#open();
  }

  stop() {
    this.isWanted = false;
    clearTimeout(this.timer);
    this.source.close();
  }

  async #open() {
    if (this.isOpen) {
      return;
    }
    const isOpen = await this.source.open();
    const [track] = isOpen ? this.source.stream.getVideoTracks() : [];
    track?.addEventListener("ended", () => {
      this.source.close("The camera went away.");
      this.#later();
    });
    if (!isOpen) {
      this.#later();
    }
  }

  #later() {
    clearTimeout(this.timer);
    if (this.isWanted) {
      this.timer = setTimeout(() => this.#open(), AGAIN_MS);
    }
  }

  /* The pictures, and how long before the last one each was taken, in seconds. */
  async burst(onPicture) {
    const pictures = [];
    const takenAt = [];
    for (let number = 0; number < PICTURES; number += 1) {
      if (number > 0) {
        await new Promise((resolve) => {
          setTimeout(resolve, GAP_MS);
        });
      }
      takenAt.push(performance.now());
      pictures.push(await this.source.shoot(960, 0.85));
      onPicture(number + 1);
    }
    const last = takenAt.at(-1);
    return { pictures, agesS: takenAt.map((at) => Number(((last - at) / 1000).toFixed(3))) };
  }
}

/* Calls found(text) for the first QR code in the camera's picture; answers a function that ends it,
   or null where this browser reads none. */
export async function scanCodes(camera, video, found) {
  const formats = (await globalThis.BarcodeDetector?.getSupportedFormats()) ?? [];
  if (!formats.includes("qr_code") || !camera.isOpen) {
    return null;
  }
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  video.srcObject = camera.source.stream;
  await video.play();
  const timer = setInterval(async () => {
    const [code] = await detector.detect(video).catch(() => []);
    if (code) {
      found(code.rawValue);
    }
  }, SCAN_MS);
  return () => {
    clearInterval(timer);
    video.srcObject = null;
  };
}
