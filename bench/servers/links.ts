import { fileURLToPath } from 'node:url';
import { freePort, isListening, startDaemon } from '../../__tests__/support/run/process.ts';

/** A network between the client and one registry. */
export interface Link {
  readonly name: string;
  readonly roundTripMs: number;
  /** In each direction. */
  readonly bytesPerSecond: number;
}

export const LINKS: readonly Link[] = [
  { name: 'loopback', roundTripMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY },
  { name: '40ms', roundTripMs: 40, bytesPerSecond: Number.POSITIVE_INFINITY },
  { name: '100ms', roundTripMs: 100, bytesPerSecond: 50e6 },
];

/** What a client connects to instead of the registry. */
export interface OpenLink {
  readonly host: string;
  close(): Promise<void>;
}

/** @throws Error if there is no link of this name */
export function linkOf(name: string): Link {
  const link = LINKS.find((link) => link.name === name);
  if (!link) throw new Error(`There is no link ${name}: use ${LINKS.map(({ name }) => name).join(', ')}`);
  return link;
}

/** Opens a link to a host, in a process of its own. Loopback needs none. */
export async function openLink(host: string, { roundTripMs, bytesPerSecond }: Link): Promise<OpenLink> {
  if (roundTripMs === 0) return { host, close: async () => Promise.resolve() };
  const port = await freePort();
  const script = fileURLToPath(new URL('link-process.ts', import.meta.url));
  const rate = Number.isFinite(bytesPerSecond) ? bytesPerSecond : 0;
  const daemon = await startDaemon(
    process.execPath,
    [script, String(port), host, String(roundTripMs), String(rate)],
    { debianPackage: 'nodejs', ready: async () => isListening(port) },
  );
  return { host: `127.0.0.1:${port}`, close: async () => daemon.stop() };
}
