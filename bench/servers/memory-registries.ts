import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Traffic, trafficOf } from '../measure/traffic.ts';
import { type Answer, type Command, parseAnswer } from './registry-messages.ts';

/** A registry of the process. */
export interface MemorySide {
  readonly host: string;
  readonly url: string;
  /** `127.0.0.1:port` with TLS, if it has a certificate. */
  readonly tlsHost: string | undefined;
  count(): Promise<Traffic>;
  /** Forgets all images. */
  empty(): Promise<void>;
  /** Sets the body of `tags/list` by repository. */
  setLists(lists: ReadonlyMap<string, string>): Promise<void>;
  /** To be called after filling it: then reading a blob costs the least. */
  join(): Promise<void>;
  /** @throws Error if the bytes of a blob are not those of its digest */
  verify(): Promise<void>;
}

/** Registries in one process of their own. */
export interface MemoryRegistries {
  /** Of the proxy that leads names to loopback. */
  readonly proxyHost: string;
  start(tls?: { readonly key: string; readonly cert: string }): Promise<MemorySide>;
  route(names: readonly string[], port: number): Promise<void>;
  /** Seconds of processor time since its start. */
  processor(): Promise<number>;
  close(): Promise<void>;
}

/** Starts the process, without a registry. */
export async function startMemoryRegistries(): Promise<MemoryRegistries> {
  const child = fork(fileURLToPath(new URL('registry-process.ts', import.meta.url)));
  const ask = await connect(child);
  let started = 0;
  return {
    proxyHost: ask.proxyHost,
    start: async (tls) => {
      const registry = started++;
      const [host = '', tlsHost] = hostsOf(await ask({ kind: 'start', ...tls }));
      const command = async (kind: 'count' | 'empty' | 'join' | 'verify'): Promise<Answer> =>
        ask({ kind, registry });
      return {
        host,
        url: `http://${host}`,
        tlsHost,
        count: async () => {
          const answer = await command('count');
          return trafficOf('seen' in answer ? answer.seen : []);
        },
        setLists: async (lists) => void (await ask({ kind: 'lists', registry, lists: Array.from(lists) })),
        empty: async () => void (await command('empty')),
        join: async () => void (await command('join')),
        verify: async () => void (await command('verify')),
      };
    },
    route: async (names, port) => void (await ask({ kind: 'route', names: Array.from(names), port })),
    processor: async () => {
      const answer = await ask({ kind: 'processor' });
      return 'seconds' in answer ? answer.seconds : Number.NaN;
    },
    close: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

interface Ask {
  (command: Command): Promise<Answer>;
  readonly proxyHost: string;
}

/** Commands are answered one after another, in their order. */
async function connect(child: ChildProcess): Promise<Ask> {
  const [ready]: unknown[] = await once(child, 'message');
  const [proxyHost = ''] = hostsOf(parseAnswer(ready));
  let last: Promise<unknown> = Promise.resolve();
  const ask = async (command: Command): Promise<Answer> => {
    const answered = last.then(async () => {
      const message = once(child, 'message');
      child.send(command);
      const [answer]: unknown[] = await message;
      return parseAnswer(answer);
    });
    last = answered.catch(() => undefined);
    const answer = await answered;
    if ('error' in answer) throw new Error(answer.error);
    return answer;
  };
  return Object.assign(ask, { proxyHost });
}

function hostsOf(answer: Answer): readonly string[] {
  return 'hosts' in answer ? answer.hosts : [];
}
