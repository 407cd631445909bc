import { vi } from 'vitest';

/** Runs `work` and returns what it writes to standard output, where workflow commands go. */
export async function captureStdout(work: () => unknown): Promise<string> {
  const chunks: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    chunks.push(String(chunk));
    return true;
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return chunks.join('');
}
