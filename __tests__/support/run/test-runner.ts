import type { Runner } from '../../../src/modes/deps.ts';

/** A runner that keeps what it gets, in the order in which it came. */
export interface TestRunner extends Runner {
  readonly outputs: Map<string, string>;
  /** The names of what was reported: `output`, `error`, `warning`, `notice`, `summary`, `report`. */
  readonly calls: string[];
  readonly messages: string[];
}

export function testRunner(given: Partial<Runner> = {}): TestRunner {
  const outputs = new Map<string, string>();
  const calls: string[] = [];
  const messages: string[] = [];
  return {
    outputs,
    calls,
    messages,
    annotate: ({ level, message }) => {
      calls.push(level);
      messages.push(message);
    },
    setOutput: (name, value) => {
      if (calls.at(-1) !== 'output') calls.push('output');
      outputs.set(name, value);
    },
    writeSummary: async () => void calls.push('summary'),
    writeReport: async () => {
      calls.push('report');
      return '/tmp/report.json';
    },
    ...given,
  };
}
