/* Keeps <time data-time-ago> fresh, in the words of portal/ui/times.py. Only the last twelve hours
 * change; older times stand as the server wrote them, in the site's zone. */

const REFRESH_MS = 20_000;
const TWELVE_HOURS_S = 12 * 3600;

export function relativeWords(moment, now) {
  const distance = (now - moment) / 1000;
  const seconds = Math.abs(distance);
  if (seconds >= TWELVE_HOURS_S) {
    return null;
  }
  if (seconds < 45) {
    return distance < 0 ? "in a moment" : "just now";
  }
  const words =
    seconds < 3600
      ? `${Math.max(1, Math.round(seconds / 60))} min`
      : `${Math.round(seconds / 3600)} h`;
  return distance < 0 ? `in ${words}` : `${words} ago`;
}

export function startTimes() {
  const refresh = () => {
    for (const element of document.querySelectorAll("time[data-time-ago]")) {
      const words = relativeWords(new Date(element.dateTime), new Date());
      if (words && element.textContent !== words) {
        element.textContent = words;
      }
    }
  };
  setInterval(refresh, REFRESH_MS);
}
