import { readFile, readdir } from 'node:fs/promises';

/** Every way in which `secret` may stand in a text: plain, escaped for a URL or JSON, or inside of any base64. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const encoded = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // Only the signs that hold no bit of what stands before or after.
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const forms = [
    secret,
    encodeURIComponent(secret),
    encodeURI(secret),
    new URLSearchParams({ '': secret }).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    ...encoded,
    ...encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    ...encoded.map((text) => encodeURIComponent(text)),
  ];
  return Array.from(new Set(forms));
}

/** Gathers the command lines of all processes of this machine until it is told to stop. */
export function watchProcesses(): { stop(): Promise<string> } {
  const seen = new Set<string>();
  const stopped = new AbortController();
  const watch = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
      const lines = await Promise.all(
        // A process that has ended meanwhile has no command line.
        pids.map(async (pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
      );
      for (const line of lines) seen.add(line.replaceAll('\0', ' '));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const watched = watch();
  return {
    stop: async () => {
      stopped.abort();
      await watched;
      return Array.from(seen).join('\n');
    },
  };
}
