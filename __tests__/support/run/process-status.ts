import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The memory of a process, in MB. */
export interface MemoryUse {
  /** The highest value. */
  readonly peak: number;
  /** Values at equal intervals. */
  readonly samples: readonly number[];
}

/** Watches the memory of a process until it ends. */
export function watchMemory(child: ChildProcess, interval = 100): Promise<MemoryUse> {
  const samples: number[] = [];
  let peak = 0;
  const timer = setInterval(() => {
    const status = statusOf(child.pid ?? 0);
    const now = kilobytes(status, 'VmRSS');
    if (now > 0) samples.push(now / 1024);
    peak = Math.max(peak, kilobytes(status, 'VmHWM') / 1024);
  }, interval);
  return new Promise((resolve) => {
    child.on('close', () => {
      clearInterval(timer);
      resolve({ peak, samples });
    });
  });
}

/** https://man7.org/linux/man-pages/man5/proc_pid_status.5.html; empty once the process is gone. */
function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

function kilobytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
}
