const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `1.2 GB`: decimal units, as registries and disks count. */
export function formatBytes(bytes: number): string {
  let power = 0;
  // Compares the rounded value: 999,960 bytes are 1.0 MB, not 1000 kB.
  while (power < UNITS.length - 1 && Number(rounded(bytes, power)) >= 1000) power += 1;
  return `${rounded(bytes, power)} ${UNITS[power]}`;
}

function rounded(bytes: number, power: number): string {
  const value = bytes / 1000 ** power;
  return power === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

/** `12 s`, `4 min`, `1 h 12 min`. `ms` is milliseconds. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1,461`, independent of the machine's locale, whose data would be loaded for it. */
export function formatCount(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 tag`, `1,461 tags`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}
