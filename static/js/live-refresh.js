/* How often a page asks: never two questions at once, at most four a second in the long run, and
 * less often the longer the server takes to answer, so that many open pages cannot wear it down. */

const PAUSE_MS = 250;
// Two may follow the first sooner, out of what was saved up while nothing happened: people come
// in small groups, and the second name should not wait because the first one came.
const BURST = 2;
const GAP_MS = 50;
const RETRY_MS = 2000;
const REST_FACTOR = 2;

/* The network was away, or the server could not answer: to be asked again. */
export class Unanswered extends Error {}

/* `afterMs` lets something else go first. */
export function coalescer(work, { pauseMs = PAUSE_MS, burst = BURST, afterMs = 0 } = {}) {
  let isWanted = false;
  let isRunning = false;
  let timer = 0;
  let earliest = 0;
  let paidUntil = 0; // how far the questions asked so far reach at one every `pauseMs`

  function plan() {
    if (isWanted && !isRunning && !timer) {
      timer = setTimeout(run, Math.max(afterMs, earliest - performance.now()));
    }
  }

  async function run() {
    timer = 0;
    isWanted = false;
    isRunning = true;
    const began = performance.now();
    paidUntil = Math.max(paidUntil, began) + pauseMs;
    let rest = GAP_MS;
    try {
      await work();
      rest = Math.max(GAP_MS, REST_FACTOR * (performance.now() - began));
    } catch (error) {
      if (!(error instanceof Unanswered)) {
        throw error;
      }
      isWanted = true;
      rest = RETRY_MS;
    } finally {
      isRunning = false;
      earliest = Math.max(began + rest, paidUntil - burst * pauseMs);
      plan();
    }
  }

  return () => {
    isWanted = true;
    plan();
  };
}
