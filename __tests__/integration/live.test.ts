import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkLive } from '../../scripts/live/live.ts';
import type { LiveSource } from '../../scripts/live/sources.ts';
import { makeImage, makeIndex, pushImage } from '../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../support/registries/memory-registry.ts';

const ACCOUNT = { username: 'live', password: 'live-password-0123' };
const EXPECTED = {
  'HEAD of a manifest': 'docker-content-digest, content-type, content-length',
  'GET of a manifest': 'the bytes have the digest',
  'a manifest that is not there': '404 MANIFEST_UNKNOWN',
} as const;

interface World {
  readonly sources: readonly LiveSource[];
  readonly registries: readonly MemoryRegistry[];
  readonly target: MemoryRegistry;
  readonly check: () => ReturnType<typeof checkLive>;
  /** Folder of the reports. */
  readonly reports: string;
}

async function inWorld(test: (world: World) => Promise<void>): Promise<void> {
  const registries = await Promise.all([startMemoryRegistry({ google: true }), startMemoryRegistry()]);
  const target = await startMemoryRegistry({ auth: { kind: 'token', ...ACCOUNT } });
  const reports = await mkdtemp(join(tmpdir(), 'live-'));
  try {
    const sources = await Promise.all(
      registries.map(async ({ url, host }, index): Promise<LiveSource> => {
        const repository = `library/image-${index}`;
        const platforms = ['linux/amd64', 'linux/arm64', 'linux/s390x'];
        const images = platforms.map((platform) => makeImage({ seed: `${index} ${platform}`, platform }));
        await pushImage(url, repository, ['v1', 'other'], makeIndex(images));
        return { url, repository, tag: 'v1', namespace: `${host}/${repository}`, expected: EXPECTED };
      }),
    );
    const check: World['check'] = async () =>
      checkLive(sources, { reference: `${target.host}/live`, ...ACCOUNT }, reports);
    await test({ sources, registries, target, check, reports });
  } finally {
    await Promise.all([...registries, target].map((server) => server.close()));
    await rm(reports, { recursive: true });
  }
}

describe('checkLive', () => {
  it('dry-runs, mirrors one tag of each source, and then finds nothing to do', async () => {
    await inWorld(async ({ check, target, reports }) => {
      const { succeeded, summary, runs } = await check();
      expect(runs.map(({ title, problems }) => [title, problems])).toEqual([
        ['dry run', []],
        ['mirror', []],
        ['again', []],
      ]);
      expect(succeeded).toBe(true);
      expect(summary).toContain(
        '6 of 6 answers are those of the stand-ins, and 3 of 3 runs did what they should.',
      );
      expect(target.store.tags('live/image-0')).toEqual(['v1']);
      expect(target.store.tags('live/image-1')).toEqual(['v1']);
      expect((await readdir(reports)).toSorted()).toEqual(['again.json', 'dry-run.json', 'mirror.json']);
      expect(await readFile(join(reports, 'mirror.json'), 'utf8')).not.toContain(ACCOUNT.password);
    });
  });

  it('fails and names the run if the target refuses', async () => {
    await inWorld(async ({ check, target }) => {
      target.intercept = ({ method }, response) => {
        if (method !== 'PUT') return false;
        response.writeHead(403, { 'content-type': 'application/json' });
        response.end('{"errors":[{"code":"DENIED","message":"no"}]}');
        return true;
      };
      const { succeeded, summary } = await check();
      expect(succeeded).toBe(false);
      expect(summary).toContain(
        '6 of 6 answers are those of the stand-ins, and 1 of 3 runs did what they should.',
      );
      expect(summary).toContain('- **mirror**: exit code 1');
      expect(summary).toContain('- **again**: complete is false, not true');
    });
  });

  it('fails if a registry differs from its stand-in, though the mirror succeeds', async () => {
    await inWorld(async ({ check, registries: [, plain] }) => {
      if (plain) {
        plain.intercept = ({ url }, response) => {
          if (url === '/v2/') response.writeHead(404).end('<html>');
          else if (url?.endsWith(`sha256:${'0'.repeat(64)}`) === true) response.writeHead(403).end();
          else return false;
          return true;
        };
      }
      const { succeeded, summary } = await check();
      expect(succeeded).toBe(false);
      expect(summary).toContain(
        '5 of 6 answers are those of the stand-ins, and 3 of 3 runs did what they should.',
      );
      expect(summary).toContain('| **403 and no JSON** | differs |');
    });
  });
});
