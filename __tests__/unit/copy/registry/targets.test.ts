import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobLocation } from '../../../../src/copy/registry/blob-locations.ts';
import type { Credential } from '../../../../src/oci/auth/credentials.ts';
import { isDigest } from '../../../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../../../src/oci/media-types.ts';
import { audit } from '../../../../src/reconcile/audit.ts';
import {
  type CopyingOptions,
  copyImage,
  expectHeld,
  failureOf,
  startCopying,
  taskOf,
  uploadsTo,
  observe,
} from '../../../support/fixtures/copying.ts';
import {
  type TestImage,
  describe as descriptor,
  makeImage,
  makeIndex,
  makeManifest,
  pushImage,
  seededBytes,
} from '../../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../support/registries/memory-registry.ts';
import { startAcr } from '../../../support/registries/targets/acr.ts';
import { startArtifactRegistry } from '../../../support/registries/targets/artifact-registry.ts';
import { startArtifactory } from '../../../support/registries/targets/artifactory.ts';
import { startDockerHub } from '../../../support/registries/targets/docker-hub.ts';
import { startEcr } from '../../../support/registries/targets/ecr.ts';
import { startGhcr } from '../../../support/registries/targets/ghcr.ts';
import { startHarbor } from '../../../support/registries/targets/harbor.ts';
import { type QuayRefusal, startQuay } from '../../../support/registries/targets/quay.ts';

/** Registries that differ from the specification: a copy succeeds, or its error says what to do. */

const LOGIN: Credential = {
  username: 'robot',
  password: 'p',
  providedBy: 'the inputs username and password',
};
const IMAGE = makeIndex([
  makeImage({ seed: 'amd64', layers: [300_000, 100] }),
  makeImage({ seed: 'arm64', platform: 'linux/arm64' }),
]);
const LARGE = makeImage({ seed: 'large', layers: [21_000_000, 22_000_000] });

let source: MemoryRegistry;
const targets: MemoryRegistry[] = [];

beforeEach(async () => {
  source = await startMemoryRegistry();
});
afterEach(async () => {
  await Promise.all([source, ...targets.splice(0)].map((server) => server.close()));
});

async function start<T extends MemoryRegistry>(target: Promise<T>): Promise<T> {
  const started = await target;
  targets.push(started);
  return started;
}

/** Copies `image` to `target`, and gives what the engine told, or the error. */
async function copy(target: MemoryRegistry, image: TestImage, options: CopyingOptions = {}): Promise<string> {
  const copied = copyImage(source, startCopying(source, target, options), image);
  return failureOf(copied.then((tags) => Promise.reject(new Error(`held ${tags.join(', ')}`))));
}

const HELD = 'Error: held v1';

/** An error names what was asked, the cause in the registry's words, and the remedy. */
function expectRefusal(message: string, cause: string, remedy: string | RegExp): void {
  expect(message).toContain('/v2/mirror/img/');
  expect(message).toContain(cause);
  expect(message).toMatch(remedy);
}

describe('Docker Hub', () => {
  const auth = { kind: 'token', username: 'robot', password: 'p' } as const;

  it('takes pushes, and only pulls count against its limit', async () => {
    const hub = await start(startDockerHub(auth));
    const copying = startCopying(source, hub, { credential: LOGIN });
    expect((await copyImage(source, copying, IMAGE, ['v1', 'v2'])).toSorted()).toEqual(['v1', 'v2']);
    expectHeld(hub, IMAGE);
    // Both tags were read back, by HEAD.
    expect(hub.pulls).toBe(100);
    expect(copying.clients.target.pullLimit).toEqual({ remaining: 100, window: 21_600_000 });
  });

  it('receives a blob when a mount source has three name parts, whose scope makes the whole token request fail', async () => {
    const hub = await start(startDockerHub(auth));
    const image = makeImage({ seed: 'hub', layers: [300_000] });
    const locations = Array.from(image.blobs.keys(), (digest): BlobLocation => [
      digest,
      'mirror/nested/name',
    ]);
    expect(await copy(hub, image, { credential: LOGIN, locations })).toBe(HELD);
    expectHeld(hub, image);
  });

  it('is given the pause that its plain-text abuse limit asks for', async () => {
    const hub = await start(startDockerHub(auth));
    const copying = startCopying(source, hub, { credential: LOGIN });
    hub.busy = 1;
    expect(await copyImage(source, copying, IMAGE)).toEqual(['v1']);
    expect(Math.max(...copying.waits)).toBe(60_000);
    expectHeld(hub, IMAGE);
  });

  it('leads to an error with the account and the permission that it needs', async () => {
    const hub = await start(startDockerHub(auth));
    hub.denied = true;
    const message = await copy(hub, IMAGE, { credential: LOGIN });
    expectRefusal(
      message,
      'requested access to the resource is denied',
      /needs the permission Write.*another private repository/,
    );
    expect(message).toContain('The request used the credentials from the inputs username and password');
  });

  it('leads to an error when no credentials are known', async () => {
    const hub = await start(startDockerHub(auth));
    expect(await copy(hub, IMAGE)).toMatch(
      /No credentials are known for 127\.0\.0\.1:\d+: set them as inputs/,
    );
  });
});

describe('GHCR', () => {
  it('receives a blob of more than 4 MiB in one request', async () => {
    const ghcr = await start(startGhcr());
    const image = makeImage({ seed: 'ghcr', layers: [5_000_000] });
    expect(await copy(ghcr, image)).toBe(HELD);
    expectHeld(ghcr, image);
    expect(ghcr.requests.some(({ method }) => method === 'PATCH')).toBe(false);
  });

  it('is not queried for referrers when none are wanted', async () => {
    const ghcr = await start(startGhcr());
    expect(await copy(ghcr, IMAGE)).toBe(HELD);
    expectHeld(ghcr, IMAGE);
    expect(ghcr.requests.some(({ path }) => path.includes('/referrers/'))).toBe(false);
  });

  it.each(['secondary', 'requests'] as const)('is retried after its limit of %s', async (limit) => {
    const ghcr = await start(startGhcr());
    ghcr.limited = [limit, limit];
    expect(await copy(ghcr, IMAGE)).toBe(HELD);
    expectHeld(ghcr, IMAGE);
    expect(ghcr.limited).toEqual([]);
  });

  it.each([
    ['permission_denied: write_package', /Link the package .*"Manage Actions access"/],
    ['permission_denied: create_package', /"permissions: packages: write"/],
    ['installation not allowed to Create organization package', /"permissions: packages: write"/],
    [
      'permission_denied: installation not allowed to Write organization package',
      /"permissions: packages: write"/,
    ],
    [
      'permission_denied: The token provided does not match expected scopes.',
      /\(classic\) with write:packages/,
    ],
  ])('leads to an error with a remedy for %s', async (denial, remedy) => {
    const ghcr = await start(startGhcr());
    ghcr.denial = denial;
    const copying = startCopying(source, ghcr, { credential: LOGIN });
    expectRefusal(await failureOf(copyImage(source, copying, IMAGE)), denial.replace(/\.$/, ''), remedy);
    // Another try would not help.
    expect(copying.waits).toEqual([]);
  });
});

describe('Amazon ECR', () => {
  it('takes chunks, which it answers with 201', async () => {
    const ecr = await start(startEcr(['mirror/img'], { maxUpload: 16 * 1024 ** 2 }));
    expect(await copy(ecr, LARGE)).toBe(HELD);
    expectHeld(ecr, LARGE);
  });

  it('leads to an error that says to create the repository', async () => {
    const ecr = await start(startEcr([]));
    expectRefusal(
      await copy(ecr, IMAGE),
      "The repository with name 'mirror/img' does not exist in the registry",
      /Create the repository in Amazon ECR, or enable create-on-push/,
    );
  });

  it('does not receive an image that it has under an immutable tag, and tags are looked up from then on', async () => {
    const ecr = await start(startEcr(['mirror/img'], { immutable: true }));
    const other = makeImage({ seed: 'other', layers: [200_000] });
    for (const [tag, image] of [
      ['v1', IMAGE],
      ['v2', other],
    ] as const)
      await pushImage(ecr.url, 'mirror/img', [tag], image);
    const copying = startCopying(source, ecr);
    expect((await copyImage(source, copying, IMAGE, ['v1', 'v3'])).toSorted()).toEqual(['v1', 'v3']);
    expectHeld(ecr, IMAGE, 'v3');
    await pushImage(source.url, 'img', ['v2'], other);
    ecr.requests.length = 0;
    const observer = observe();
    const bytes = await copying.engine.copy(taskOf(copying, 'img', other, { tags: ['v2'] }), observer);
    expect([Array.from(observer.verified.keys()), bytes]).toEqual([['v2'], 0]);
    // The tag, the config and the layer are looked up.
    expect(ecr.requests.map(({ method }) => method)).toEqual(['HEAD', 'HEAD', 'HEAD']);
  });

  it('receives no layer that it has, though it mounts none and no location is known', async () => {
    const ecr = await start(startEcr(['mirror/img']));
    const layers = [2 * 1024 ** 2, 100_000];
    const before = makeImage({ seed: 'before', layers, layerSeeds: ['large', 'small'] });
    await copyImage(source, startCopying(source, ecr), before);
    ecr.requests.length = 0;
    const copying = startCopying(source, ecr);
    const sameLarge = makeImage({ seed: 'after', layers, layerSeeds: ['large', 'other'] });
    const sameSmall = makeImage({ seed: 'last', layers: [100_000], layerSeeds: ['small'] });
    await copyImage(source, copying, sameLarge, ['v2']);
    await copyImage(source, copying, sameSmall, ['v3']);
    expectHeld(ecr, sameLarge, 'v2');
    expectHeld(ecr, sameSmall, 'v3');
    expect(uploadsTo(ecr).filter((digest) => isDigest(digest) && before.blobs.has(digest))).toEqual([]);
  });

  it('leads to an error when an immutable tag holds another image', async () => {
    const ecr = await start(startEcr(['mirror/img'], { immutable: true }));
    await pushImage(ecr.url, 'mirror/img', ['v1'], makeImage({ seed: 'before' }));
    expectRefusal(
      await copy(ecr, IMAGE),
      "The image tag 'v1' already exists in the 'mirror/img' repository and cannot be overwritten",
      /switch immutability off there, or omit the tag with "exclude"/,
    );
  });

  it('leads to an error for an OCI manifest without a media type', async () => {
    const ecr = await start(startEcr(['mirror/img']));
    const config = Buffer.from('{}');
    const content = {
      schemaVersion: 2,
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: [],
    };
    expectRefusal(
      await copy(ecr, makeManifest(OCI_MANIFEST, content, [config])),
      "'ImageManifest' failed to satisfy constraint",
      /refuses OCI manifests without "mediaType".*"exclude".*"engine: docker"/,
    );
  });
});

describe('Azure ACR', () => {
  const login: Credential = {
    username: '',
    password: '',
    identityToken: 'refresh',
    providedBy: 'the docker config',
  };

  it('takes pushes with a refresh token, in chunks when a blob is too large', async () => {
    const acr = await start(startAcr('refresh'));
    const copying = startCopying(source, acr, { credential: login, retries: 0 });
    // Both layers are refused at the same moment: each is sent in parts, though nothing is tried again.
    expect(await copyImage(source, copying, LARGE)).toEqual(['v1']);
    expectHeld(acr, LARGE);
    // The tag is read back with the token of the push.
    expect(new Set(acr.granted)).toEqual(new Set(['repository:mirror/img:pull,push']));
    expect(acr.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(4);
  });

  it('receives an upload from the start when it lost a chunk', async () => {
    const acr = await start(startAcr('refresh'));
    acr.broken = 2;
    expect(await copy(acr, LARGE, { credential: login })).toBe(HELD);
    expectHeld(acr, LARGE);
  });

  it('receives chunks when it closes the connection on a blob that is too large', async () => {
    const acr = await start(startAcr('refresh'));
    acr.abrupt = true;
    expect(await copy(acr, LARGE, { credential: login })).toBe(HELD);
    expectHeld(acr, LARGE);
  });

  it('leads to an error when an image is locked', async () => {
    const acr = await start(startAcr('refresh'));
    acr.locked = true;
    expectRefusal(
      await copy(acr, IMAGE, { credential: login }),
      'operation is disallowed',
      /az acr repository update --write-enabled true/,
    );
  });

  it('leads to an error with the source of a refused refresh token', async () => {
    const acr = await start(startAcr('another'));
    const message = await copy(acr, IMAGE, { credential: login });
    expect(message).toContain('/oauth2/token: status 401');
    expect(message).toContain('refused the credentials from the docker config');
    expect(message).not.toContain('refresh_token');
  });
});

describe('Quay', () => {
  it('takes pushes', async () => {
    const quay = await start(startQuay());
    const image = makeImage({ seed: 'quay', layers: [300_000] });
    const locations = Array.from(image.blobs.keys(), (digest): BlobLocation => [digest, 'mirror/other']);
    expect(await copy(quay, image, { credential: LOGIN, locations })).toBe(HELD);
    expectHeld(quay, image);
    const scopes = quay.requests.flatMap(({ path }) => new URL(path, quay.url).searchParams.getAll('scope'));
    expect(scopes.filter((scope) => scope.includes('delete'))).toEqual([]);
  });

  it.each([
    [
      'unauthorized',
      'access to the requested resource is not authorized',
      /to create repositories.*a robot account/,
    ],
    ['quota', 'Quota has been exceed on namespace', /The quota is used up/],
    ['read-only', 'System is currently read-only', /The target is read-only/],
    ['disabled', 'Pushes to the registry are currently disabled', /The target is read-only/],
    ['immutable', 'tag is immutable and cannot be overwritten', /switch immutability off/],
  ] satisfies [QuayRefusal, string, RegExp][])(
    'leads to an error with a remedy for %s',
    async (refusal, cause, remedy) => {
      const quay = await start(startQuay());
      quay.refusal = refusal;
      expectRefusal(await copy(quay, IMAGE, { credential: LOGIN }), cause, remedy);
    },
  );
});

describe('Harbor', () => {
  it('receives a blob that it does not mount from an unknown project', async () => {
    const harbor = await start(startHarbor(['mirror']));
    const image = makeImage({ seed: 'harbor', layers: [300_000] });
    const locations = Array.from(image.blobs.keys(), (digest): BlobLocation => [digest, 'elsewhere/img']);
    expect(await copy(harbor, image, { credential: LOGIN, locations })).toBe(HELD);
    expectHeld(harbor, image);
  });

  it('leads at once to an error that says to create the project', async () => {
    const harbor = await start(startHarbor([]));
    const copying = startCopying(source, harbor, { credential: LOGIN });
    const message = await failureOf(copyImage(source, copying, IMAGE));
    expectRefusal(
      message,
      'unauthorized to access repository: mirror/img, action: push',
      /Create the project in Harbor/,
    );
    expect(copying.waits).toEqual([]);
  });

  it.each([
    ['immutable', "'img:v1' configured as immutable", /switch immutability off/],
    ['quota', 'will exceed the configured upper limit of 10.0 MiB', /The quota is used up/],
    ['read-only', 'The system is in read only mode', /The target is read-only/],
  ] as const)('leads to an error with a remedy for %s', async (refusal, cause, remedy) => {
    const harbor = await start(startHarbor(['mirror']));
    harbor.refusal = refusal;
    const image = makeImage({ seed: 'harbor' });
    expectRefusal(await copy(harbor, image, { credential: LOGIN }), cause, remedy);
  });

  it('keeps an image that it has under an immutable tag', async () => {
    const harbor = await start(startHarbor(['mirror']));
    const image = makeImage({ seed: 'harbor' });
    await pushImage(harbor.url, 'mirror/img', ['v1'], image);
    harbor.refusal = 'immutable';
    expect(await copy(harbor, image)).toBe(HELD);
  });
});

describe('Artifactory', () => {
  it('answers a GET for missing manifests, whose HEAD it forbids', async () => {
    const artifactory = await start(startArtifactory());
    const image = makeImage({ seed: 'artifactory' });
    await pushImage(artifactory.url, 'mirror/img', ['v1'], image);
    const { clients } = startCopying(source, artifactory);
    const recorded = new Map([
      [
        'img',
        new Map([
          ['v0', image.digest],
          ['v1', image.digest],
          ['v2', image.digest],
        ]),
      ],
    ]);
    const found = await audit(recorded, {
      target: clients.target,
      targetOf: (name) => `mirror/${name}`,
      referrers: false,
      concurrency: 1,
      signal: new AbortController().signal,
    });
    expect(found.map(({ tag, finding }) => [tag, finding.kind])).toEqual([
      ['v0', 'missing'],
      ['v1', 'present'],
      ['v2', 'missing'],
    ]);
  });

  it('takes pushes', async () => {
    const artifactory = await start(startArtifactory());
    expect(await copy(artifactory, IMAGE)).toBe(HELD);
    expectHeld(artifactory, IMAGE);
  });
});

describe('Google Artifact Registry', () => {
  it('receives blobs in one request', async () => {
    const artifacts = await start(startArtifactRegistry(['mirror/img']));
    const image = makeManifest(OCI_MANIFEST, artifactOf(BLOB), [BLOB]);
    // mirror/img is project and repository here.
    expectRefusal(
      await copy(artifacts, image),
      'Missing image name',
      /Include project and repository in "target"/,
    );
    const copying = startCopying(source, artifacts);
    const task = taskOf(copying, 'img', image);
    const target = { ...task.target, repository: 'mirror/img/name' };
    await copying.engine.copy({ ...task, target }, observe());
    expect(artifacts.store.manifest('mirror/img/name', 'v1')?.digest).toBe(image.digest);
    expect(artifacts.requests.some(({ method }) => method === 'PATCH')).toBe(false);
  });

  it.each([
    ['is not there', {}, 'Repository "img" not found', /Create the repository in the target/],
    [
      'may not be written',
      { denied: true },
      'artifactregistry.repositories.uploadArtifacts',
      /role Artifact Registry Writer/,
    ],
  ])('leads to an error with a remedy when the repository %s', async (_, state, cause, remedy) => {
    const artifacts = Object.assign(await start(startArtifactRegistry([])), state);
    const copying = startCopying(source, artifacts, { credential: LOGIN });
    await pushImage(source.url, 'img/name', ['v1'], IMAGE);
    const task = taskOf(copying, 'img/name', IMAGE);
    expectRefusal(await failureOf(copying.engine.copy(task, observe())), cause, remedy);
  });

  it('leads to an error that names immutable tags when it calls the manifest invalid', async () => {
    const artifacts = await start(startArtifactRegistry(['mirror/img'], { immutable: true }));
    await pushImage(artifacts.url, 'mirror/img/name', ['v1'], makeImage({ seed: 'before' }));
    await pushImage(source.url, 'img/name', ['v1'], IMAGE);
    const copying = startCopying(source, artifacts);
    const failure = await failureOf(copying.engine.copy(taskOf(copying, 'img/name', IMAGE), observe()));
    expectRefusal(failure, 'The repository has enabled tag immutability', /switch immutability off/);
  });
});

const BLOB = seededBytes(17_000_000, 'blob');

function artifactOf(blob: Uint8Array): unknown {
  const config = descriptor('application/vnd.example.config+json', blob);
  return { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] };
}
