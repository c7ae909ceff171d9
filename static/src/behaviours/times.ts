// Keeps "2 hours ago" true while a page stays open. The words are those of the server.

const MINUTE = 60;
const STEPS: [limit: number, seconds: number, unit: string][] = [
  [60 * MINUTE, MINUTE, "minute"],
  [24 * 60 * MINUTE, 60 * MINUTE, "hour"],
  [30 * 24 * 60 * MINUTE, 24 * 60 * MINUTE, "day"],
];

export function relativeWords(seconds: number): string | null {
  if (seconds < 0) return null;
  if (seconds < MINUTE) return "just now";
  const step = STEPS.find(([limit]) => seconds < limit);
  if (!step) return null;
  const count = Math.floor(seconds / step[1]);
  return `${count} ${step[2]}${count === 1 ? "" : "s"} ago`;
}

function refreshTimes(): void {
  for (const time of document.querySelectorAll<HTMLTimeElement>("time[data-ago]")) {
    const words = relativeWords((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (words && time.textContent !== words) time.textContent = words;
  }
}

export function startTimes(): void {
  setInterval(refreshTimes, 30_000);
}
