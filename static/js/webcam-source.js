/* A webcam behind a <video>: opening, stopping, and taking a JPEG of the present frame. */

const REASONS = {
  NotAllowedError: "The browser did not allow the camera. Allow it in the address bar and try again.",
  NotFoundError: "No camera was found on this device.",
  NotReadableError: "The camera is used by another program. Close it there and try again.",
};

export class WebcamSource {
  constructor(video, message) {
    this.video = video;
    this.message = message;
    this.stream = null;
    this.attempt = null;
  }

  /* Whether there are pictures: not yet while the browser still asks for leave. */
  get isOpen() {
    return this.stream !== null;
  }

  /* True once pictures arrive. Otherwise the reason stands in the message element, or `close` was
     called meanwhile: then the camera goes off again as soon as the browser gives it. */
  async open() {
    if (this.isOpen) {
      return true;
    }
    if (!navigator.mediaDevices) {
      this.say("Browsers give a camera only to pages on HTTPS or localhost.");
      return false;
    }
    const attempt = {};
    this.attempt = attempt;
    let stream = null;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: "user" },
        audio: false,
      });
      if (this.attempt === attempt) {
        this.video.srcObject = stream;
        await this.video.play();
      }
    } catch (error) {
      end(stream);
      if (this.attempt === attempt) {
        this.say(REASONS[error.name] ?? "The camera could not be opened.");
      }
      return false;
    }
    if (this.attempt !== attempt) {
      end(stream);
      return false;
    }
    this.stream = stream;
    this.say("");
    return true;
  }

  close(text = "The camera is off.") {
    this.attempt = null;
    end(this.video.srcObject);
    this.stream = null;
    this.video.srcObject = null;
    this.say(text);
  }

  say(text) {
    this.message.textContent = text;
    this.message.hidden = text === "";
  }

  /* The present frame as a JPEG Blob of at most `maxWidth` pixels' width. */
  async shoot(maxWidth = 1280, quality = 0.9) {
    const { videoWidth, videoHeight } = this.video;
    const scale = Math.min(1, maxWidth / videoWidth);
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(videoWidth * scale);
    canvas.height = Math.round(videoHeight * scale);
    canvas.getContext("2d").drawImage(this.video, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => {
      canvas.toBlob(resolve, "image/jpeg", quality);
    });
  }
}

function end(stream) {
  for (const track of stream?.getTracks() ?? []) {
    track.stop();
  }
}
