/* Short tones for what should make somebody look up: strangers, and above all watched ones. Off
 * until it is switched on; the choice is kept in this browser. */

const KEY = "gatehouse-live-sound";
const TONES_HZ = { unknown: [330], spoof: [220, 220], watched: [660, 440, 660] };
const TONE_S = 0.18;
const QUIET_MS = 1000; // a crowd is one noise

export function liveSound(button, showState) {
  let audio = null;
  let isOn = read() === "on";
  let lastAt = -QUIET_MS;

  const show = () => {
    button.setAttribute("aria-pressed", String(isOn));
    showState(isOn);
  };

  // Browsers allow sound only after a press: of this button, or of anything on a later visit.
  const unlock = () => {
    if (isOn) {
      audio ??= new AudioContext();
      audio.resume();
    }
  };
  document.addEventListener("pointerdown", unlock);
  document.addEventListener("keydown", unlock);

  button.addEventListener("click", () => {
    isOn = !isOn;
    write(isOn ? "on" : "off");
    show();
    if (isOn) {
      unlock();
      play([520]);
    }
  });

  function play(tones) {
    if (audio?.state !== "running" && audio?.state !== "suspended") {
      return;
    }
    tones.forEach((frequency, index) => {
      const start = audio.currentTime + index * TONE_S;
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0.15, start);
      volume.gain.exponentialRampToValueAtTime(0.001, start + TONE_S);
      tone.connect(volume).connect(audio.destination);
      tone.start(start);
      tone.stop(start + TONE_S);
    });
  }

  show();

  return (state) => {
    const now = performance.now();
    if (!isOn || !TONES_HZ[state] || now - lastAt < QUIET_MS) {
      return;
    }
    lastAt = now;
    document.dispatchEvent(new CustomEvent("live:sounded", { detail: { state } }));
    play(TONES_HZ[state]);
  };
}

// Private windows may refuse storage; the page works without.
function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function write(value) {
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // The choice holds for this page then.
  }
}
