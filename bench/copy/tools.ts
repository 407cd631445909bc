import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { TOKENS } from '../../__tests__/support/github/tokens.ts';
import { type Usage, useAction, useShell } from '../measure/usage.ts';
import { startWarmGitHub } from '../servers/github.ts';
import type { DataSet } from './datasets.ts';

/** A tool that is set up to copy all repositories from one host to `mirror/` on another, repeatedly. */
interface Session {
  copy(): Promise<Usage>;
  close(): Promise<void>;
}

export interface Tool {
  readonly name: string;
  /** Program that must be on PATH. */
  readonly command: string;
  open(from: string, to: string, set: DataSet): Promise<Session>;
}

/** How many images the peers copy at a time. The action runs with its default settings. */
const AT_A_TIME = 10;

export const TOOLS: readonly Tool[] = [
  { name: 'sync-action', command: 'node', open: openAction },
  shellTool(
    'crane',
    (from, to, names) =>
      `xargs -I@ crane copy --insecure --all-tags -j ${AT_A_TIME} ${from}/@ ${to}/mirror/@ < ${names}`,
  ),
  shellTool(
    'gcrane',
    (from, to, names) => `xargs -I@ gcrane cp -r -j ${AT_A_TIME} ${from}/@ ${to}/mirror/@ < ${names}`,
  ),
  shellTool('regsync', (_from, _to, config) => `regsync once -c ${config}`, regsyncConfig),
  shellTool(
    'skopeo',
    (from, to, names) =>
      `xargs -P${AT_A_TIME} -I@ skopeo --insecure-policy sync --all --preserve-digests --src docker --dest docker ` +
      `--src-tls-verify=false --dest-tls-verify=false ${from}/@ ${to}/mirror < ${names}`,
  ),
  shellTool(
    'oras',
    (from, to, names) =>
      `xargs -P${AT_A_TIME} -I@ oras cp -r --from-plain-http --to-plain-http ${from}/@ ${to}/mirror/@ < ${names}`,
    (set) =>
      Array.from(set)
        .flatMap(([repository, tags]) => Array.from(tags.keys(), (tag) => `${repository}:${tag}`))
        .join('\n'),
  ),
];

async function openAction(from: string, to: string): Promise<Session> {
  const github = await startWarmGitHub();
  const folder = mkdtempSync(join(tmpdir(), 'bench-action-'));
  return {
    copy: async () =>
      useAction(
        {
          inputs: { namespaces: from, target: `${to}/mirror`, engine: 'registry' },
          apiUrl: github.url,
          token: TOKENS.write,
        },
        join(folder, 'time'),
      ),
    close: async () => {
      await github.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A tool that reads a file, by default of one repository per line. */
function shellTool(
  name: string,
  command: (from: string, to: string, file: string) => string,
  content: (set: DataSet, from: string, to: string) => string = (set) => Array.from(set.keys()).join('\n'),
): Tool {
  return {
    name,
    command: name,
    open: async (from, to, set) => {
      const folder = mkdtempSync(join(tmpdir(), `bench-${name}-`));
      const file = join(folder, 'input');
      writeFileSync(file, content(set, from, to));
      return {
        copy: async () => useShell(command(from, to, file), join(folder, 'time')),
        close: async () => rmSync(folder, { recursive: true }),
      };
    },
  };
}

/** https://regclient.org/usage/regsync/ */
function regsyncConfig(set: DataSet, from: string, to: string): string {
  return stringify({
    version: 1,
    creds: [from, to].map((registry) => ({ registry, tls: 'disabled', reqConcurrent: AT_A_TIME })),
    defaults: { parallel: AT_A_TIME, skipDockerConfig: true },
    sync: Array.from(set.keys(), (name) => ({
      source: `${from}/${name}`,
      target: `${to}/mirror/${name}`,
      type: 'repository',
    })),
  });
}
