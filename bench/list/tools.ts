import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { type RealEntry, splitSource } from '../../__tests__/support/fixtures/real-list.ts';
import { TOKENS } from '../../__tests__/support/github/tokens.ts';
import { type Usage, useAction, useShell } from '../measure/usage.ts';
import { startWarmGitHub } from '../servers/github.ts';

interface Session {
  /** Mirrors the list to all targets. `writes`: requests that changed something at GitHub. */
  mirror(): Promise<Usage & { readonly writes: number }>;
  close(): Promise<void>;
}

/** A tool that mirrors a list to `mirror/` on each of several hosts. */
export interface ListTool {
  readonly name: string;
  /** Program that must be on PATH. */
  readonly command: string;
  /** The repository below `mirror/`. Not every tool can name it as the list does. */
  readonly nameOf: (entry: RealEntry) => string;
  open(
    list: readonly RealEntry[],
    targets: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<Session>;
}

const AT_A_TIME = 10;

export const LIST_TOOLS: readonly ListTool[] = [
  { name: 'sync-action', command: 'node', nameOf: ({ name }) => name, open: openAction },
  shellTool('crane', {
    nameOf: ({ name }) => name,
    content: (list) =>
      list
        .flatMap(({ source, name, tags }) => tags.map((tag) => `${source}:${tag} ${name}:${tag}`))
        .join('\n'),
    // One process per image and target.
    command: (target, file) =>
      `xargs -P${AT_A_TIME} -L1 sh -c 'crane copy --insecure "$0" ${target}/mirror/"$1"' < ${file}`,
  }),
  shellTool('skopeo', {
    // It keeps the last part of the source's name.
    nameOf: ({ source }) => basename(source),
    content: skopeoConfig,
    command: (target, file) =>
      `skopeo --insecure-policy sync --all --preserve-digests --src yaml --dest docker --dest-tls-verify=false ${file} ${target}/mirror`,
  }),
  shellTool('regsync', {
    nameOf: ({ name }) => name,
    content: regsyncConfig,
    command: (_target, file) => `regsync once -c ${file}`,
  }),
];

async function openAction(
  list: readonly RealEntry[],
  targets: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Session> {
  const github = await startWarmGitHub();
  const folder = mkdtempSync(join(tmpdir(), 'bench-list-'));
  const images = list.map(({ source, name, tags }) => ({ source, name, tags }));
  const config = stringify({ defaults: { target: targets.map((host) => `${host}/mirror`) }, images });
  return {
    mirror: async () => {
      github.requests.length = 0;
      const usage = await useAction(
        {
          inputs: { config: 'list.yml', engine: 'registry' },
          checkout: { 'list.yml': config },
          apiUrl: github.url,
          token: TOKENS.write,
          env,
        },
        join(folder, 'time'),
      );
      const writes = github.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD').length;
      return { ...usage, writes };
    },
    close: async () => {
      await github.close();
      rmSync(folder, { recursive: true });
    },
  };
}

interface ShellTool {
  readonly nameOf: ListTool['nameOf'];
  readonly content: (list: readonly RealEntry[], target: string) => string;
  readonly command: (target: string, file: string) => string;
}

/** A tool that has one target. It runs once per target, one after another. */
function shellTool(name: string, { nameOf, content, command }: ShellTool): ListTool {
  return {
    name,
    command: name,
    nameOf,
    open: async (list, targets, env) => {
      const folder = mkdtempSync(join(tmpdir(), `bench-${name}-`));
      const commands = targets.map((target, index) => {
        const file = join(folder, `input-${index}.yml`);
        writeFileSync(file, content(list, target));
        return command(target, file);
      });
      return {
        mirror: async () => ({
          ...(await useShell(commands.join(' && '), join(folder, 'time'), env)),
          writes: Number.NaN,
        }),
        close: async () => rmSync(folder, { recursive: true }),
      };
    },
  };
}

/** https://github.com/containers/skopeo/blob/main/docs/skopeo-sync.1.md */
function skopeoConfig(list: readonly RealEntry[]): string {
  const hosts = new Map<string, Map<string, Set<string>>>();
  for (const entry of list) {
    const { host, repository } = splitSource(entry);
    const images = hosts.get(host) ?? new Map<string, Set<string>>();
    hosts.set(host, images);
    images.set(repository, new Set([...(images.get(repository) ?? []), ...entry.tags]));
  }
  const plain = Array.from(hosts, ([host, images]) => {
    const tags = Array.from(images, ([repository, tags]) => [repository, Array.from(tags)] as const);
    return [host, { images: Object.fromEntries(tags) }] as const;
  });
  return stringify(Object.fromEntries(plain));
}

/** https://regclient.org/usage/regsync/ */
function regsyncConfig(list: readonly RealEntry[], target: string): string {
  return stringify({
    version: 1,
    creds: [{ registry: target, tls: 'disabled' }],
    defaults: { parallel: AT_A_TIME, skipDockerConfig: true },
    sync: list.flatMap(({ source, name, tags }) =>
      tags.map((tag) => ({
        source: `${source}:${tag}`,
        target: `${target}/mirror/${name}:${tag}`,
        type: 'image',
      })),
    ),
  });
}
