/* How often a page asks: never two questions at once, at most four a second, and less often the
 * longer the server takes to answer, so that many open pages cannot wear it down. */

const PAUSE_MS = 250;
const RETRY_MS = 2000;
const REST_FACTOR = 2;

/* The network was away, or the server could not answer: to be asked again. */
export class Unanswered extends Error {}

export function coalescer(work, { pauseMs = PAUSE_MS } = {}) {
  let isWanted = false;
  let isRunning = false;
  let timer = 0;
  let earliest = 0;

  function plan() {
    if (isWanted && !isRunning && !timer) {
      timer = setTimeout(run, Math.max(0, earliest - performance.now()));
    }
  }

  async function run() {
    timer = 0;
    isWanted = false;
    isRunning = true;
    const began = performance.now();
    let rest = pauseMs;
    try {
      await work();
      rest = Math.max(pauseMs, REST_FACTOR * (performance.now() - began));
    } catch (error) {
      if (!(error instanceof Unanswered)) {
        throw error;
      }
      isWanted = true;
      rest = RETRY_MS;
    } finally {
      isRunning = false;
      earliest = began + rest;
      plan();
    }
  }

  return () => {
    isWanted = true;
    plan();
  };
}
