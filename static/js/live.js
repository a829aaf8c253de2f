/* The Live page: pause, sound, and reading the stream again when something was recognised. */

const stream = document.getElementById("stream");
const filter = document.getElementById("live-filter");
const pause = document.querySelector("[data-live-pause]");
const sound = document.querySelector("[data-live-sound]");
const TONE_HZ = { match: 880, unknown: 330, spoof: 220 };
let isPaused = false;
let missed = 0;
let audio = null;

document.addEventListener("live:sightings.finished", () => refresh());
document.addEventListener("live:reconnected", () => refresh());

function refresh() {
  if (isPaused) {
    missed += 1;
    return;
  }
  stream.dispatchEvent(new CustomEvent("live:refresh"));
}

pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", String(isPaused));
  swapButton(pause, isPaused ? "play" : "pause", isPaused ? "Go on" : "Pause");
  if (!isPaused && missed) {
    missed = 0;
    refresh();
  }
});

sound.addEventListener("click", () => {
  // Browsers allow sound only after a press, which this is.
  audio = audio ? null : new AudioContext();
  sound.setAttribute("aria-pressed", String(audio !== null));
  swapButton(sound, audio ? "volume-2" : "volume-x", audio ? "Sound on" : "Sound");
});

document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx?.target !== stream || !audio) {
    return;
  }
  const newest = stream.querySelector("[data-face]");
  if (newest && newest.dataset.face !== stream.dataset.heard) {
    stream.dataset.heard = newest.dataset.face;
    beep(TONE_HZ[newest.dataset.decision] ?? 550);
  }
});

filter.addEventListener("change", () => {
  const query = new URLSearchParams(new FormData(filter));
  history.replaceState(null, "", `?${query}`);
});

function beep(frequency) {
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0.15, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.25);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.25);
}

function swapButton(button, icon, label) {
  const use = button.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icon}`));
  button.querySelector("span").textContent = label;
}
