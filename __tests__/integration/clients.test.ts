import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { renderClients } from '../../src/catalogue/clients/clients.ts';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { manifestOf, partFor } from '../support/fixtures/catalogues.ts';
import { type TestImage, makeImage, pushImage } from '../support/fixtures/images.ts';
import type { TestServer } from '../support/network/http.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type Daemon, startDaemon } from '../support/run/process.ts';

const run = promisify(execFile);

/** A source that can't be reached: what a client gets comes from the mirror. */
const SOURCE = 'source.invalid/ns';

let mirror: TestServer & { readonly host: string };
let folder: string;

beforeAll(async () => {
  // Short: a socket's path has at most 107 characters.
  folder = await mkdtemp('/tmp/clients-');
  mirror = await startDockerRegistry();
});
afterAll(async () => {
  await mirror.close();
  await rm(folder, { recursive: true, force: true });
});

/** Mirrors these images under these names, and writes the configuration for clients. */
async function publish(
  name: string,
  names: Readonly<Record<string, string>>,
): Promise<Record<string, TestImage>> {
  const images = Object.fromEntries(
    Object.keys(names).map((image) => [image, makeImage({ seed: `${name}/${image}`, oci: true })]),
  );
  for (const [image, content] of Object.entries(images))
    await pushImage(mirror.url, `${name}/${names[image]}`, ['v1'], content);
  const tags = Object.fromEntries(
    Object.entries(images).map(([image, { digest }]) => [image, { v1: digest }]),
  );
  const catalogue: Catalogue = [partFor(manifestOf(SOURCE, `${mirror.host}/${name}`, tags, names))];
  for (const [path, text] of renderClients(catalogue)) {
    await mkdir(dirname(join(folder, name, path)), { recursive: true });
    await writeFile(join(folder, name, path), text);
  }
  return images;
}

describe('registries.conf', () => {
  it('leads skopeo from each original name to the mirror, by tag and by digest', async () => {
    const images = await publish('flat', {
      base: 'base',
      'deep/er': 'deep_er',
      deep: 'deep',
      odd: 'ns_odd',
      'odd/one': 'odd/one',
    });
    const config = join(folder, 'flat', 'registries.conf');
    for (const [image, { digest, bytes }] of Object.entries(images))
      for (const reference of [`${SOURCE}/${image}:v1`, `${SOURCE}/${image}@${digest}`]) {
        const args = ['--registries-conf', config, 'inspect', '--raw', `docker://${reference}`];
        const { stdout } = await run('skopeo', args);
        expect(stdout).toBe(Buffer.from(bytes).toString());
      }
  });
});

describe('hosts.toml', () => {
  let containerd: Daemon;
  const socket = (): string => join(folder, 'c.sock');
  const ctr = async (...args: string[]): Promise<string> =>
    (await run('ctr', ['--address', socket(), ...args])).stdout;

  beforeAll(async () => {
    const config = join(folder, 'containerd.toml');
    await writeFile(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
    containerd = await startDaemon(
      'containerd',
      ['--config', config, '--address', socket(), '--root', join(folder, 'c'), '--state', join(folder, 's')],
      {
        debianPackage: 'containerd',
        ready: async () =>
          ctr('version').then(
            () => true,
            () => false,
          ),
      },
    );
  });
  afterAll(async () => {
    await containerd.stop();
  });

  it('leads containerd from each original name to a mirror that keeps paths', async () => {
    const images = await publish('kept', { base: 'ns/base', 'deep/er': 'ns/deep/er' });
    const hosts = join(folder, 'kept', 'containerd');
    for (const [image, { digest }] of Object.entries(images)) {
      await ctr('content', 'fetch', '--hosts-dir', hosts, `${SOURCE}/${image}:v1`);
      expect(await ctr('images', 'list', `name==${SOURCE}/${image}:v1`)).toContain(digest);
    }
  });
});

describe('kustomization.yaml', () => {
  it('replaces the names of images in manifests, and keeps tags', async () => {
    await publish('kustomized', { base: 'base', 'deep/er': 'deep_er' });
    const pod = (name: string, image: string): string =>
      stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name },
        spec: { containers: [{ name, image }] },
      });
    const inFolder = join(folder, 'kustomized', 'app');
    await mkdir(inFolder);
    // The kubectl of Debian 12 knows no components yet: its images are those of a kustomization.
    const component = await readFile(join(folder, 'kustomized', 'kustomization.yaml'), 'utf8');
    const kustomization = component.replace(
      /^apiVersion: .*\nkind: Component$/m,
      'resources: [a.yaml, b.yaml]',
    );
    expect(kustomization).not.toBe(component);
    await writeFile(join(inFolder, 'kustomization.yaml'), kustomization);
    await writeFile(join(inFolder, 'a.yaml'), pod('a', `${SOURCE}/deep/er:v1`));
    await writeFile(join(inFolder, 'b.yaml'), pod('b', 'other.invalid/base:v1'));
    const { stdout } = await run('kubectl', ['kustomize', inFolder]);
    const images = parseAllDocuments(stdout).map((one) => one.getIn(['spec', 'containers', 0, 'image']));
    expect(images).toEqual([`${mirror.host}/kustomized/deep_er:v1`, 'other.invalid/base:v1']);
  });
});
