import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readGoogleList } from '../../../src/list/google.ts';
import type { ListedTag } from '../../../src/mirror/listing.ts';
import { formatNamespace, parseNamespace } from '../../../src/mirror/namespace.ts';
import { Authenticator } from '../../../src/oci/auth/authenticator.ts';
import { dockerConfigCredentials } from '../../../src/oci/auth/credentials.ts';
import { isDigest } from '../../../src/oci/digest.ts';
import { RegistryError } from '../../../src/oci/errors.ts';
import { isPrivateHost, mayFollow, mayHaveCredentials } from '../../../src/oci/http/redirect-policy.ts';
import { isLoopback, isRegistryHost } from '../../../src/oci/names.ts';

/** The parsers of registry answers, references, and local files that have no fuzz test of their own elsewhere. */

const hosts = fc.oneof(
  fc.constantFrom(
    'gcr.io',
    'localhost',
    '127.0.0.1',
    '0x7f.1',
    '1.2.3.999',
    '[::1]',
    '[::ffff:a00:1]',
    'a.svc',
    'a.',
  ),
  fc.domain(),
  fc.ipV4Extended(),
  fc.ipV6().map((address) => `[${address}]`),
  fc.string({ unit: 'binary', maxLength: 10 }),
);
const ports = fc.oneof(
  fc.constant(''),
  fc.nat(99_999).map((port) => `:${port}`),
);
const references = fc.oneof(
  fc.tuple(hosts, ports, fc.webPath()).map((parts) => parts.join('')),
  fc.stringMatching(/^[a-zA-Z0-9.:/_@%-]{0,30}$/),
  fc.string({ unit: 'binary', maxLength: 30 }),
);

describe('parseNamespace', () => {
  it('returns a namespace that makes one URL and one path, or an error message', () => {
    fc.assert(
      fc.property(references, (text) => {
        const namespace = parseNamespace(text, 'gcr.io');
        fc.pre(typeof namespace !== 'string');
        const { registry, path } = namespace;
        const url = new URL(`https://${registry}/v2/${path}`);
        expect(url.pathname).toBe(`/v2/${path}`);
        expect([url.username, url.password, url.search, url.hash]).toEqual(['', '', '', '']);
        expect(registry.startsWith(url.hostname)).toBe(true);
        expect(parseNamespace(formatNamespace(namespace), registry)).toEqual(namespace);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('hosts', () => {
  it('are the same for the credential look-up and the connection', () => {
    fc.assert(
      fc.property(hosts, ports, (host, port) => {
        fc.pre(isRegistryHost(host + port));
        expect(new URL(`https://${host}${port}`).hostname).toBe(host);
        expect(isLoopback(host + port) && !isPrivateHost(host)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('of the public internet never lead inside, and get no credentials that must not follow a redirect', () => {
    const urls = fc
      .tuple(fc.constantFrom('http', 'https'), hosts, ports)
      .map(([scheme, host, port]) => URL.parse(`${scheme}://${host}${port}/`))
      .filter((url) => url !== null);
    fc.assert(
      fc.property(urls, urls, (from, to) => {
        const inwards = !isPrivateHost(from.hostname) && isPrivateHost(to.hostname);
        const unprotected = from.protocol === 'https:' && to.protocol === 'http:';
        expect(mayFollow(from, to) && (inwards || unprotected)).toBe(false);
        expect(mayHaveCredentials(from, to) && !mayFollow(from, to)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("Google's list", () => {
  it('ignores a size that is an object, which may not convert to a number', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const json = { manifest: { [digest]: { tag: ['v1'], imageSizeBytes: { toString: null } } } };
    expect(readGoogleList({ json })?.tags.get('v1')).toEqual({ digest });
  });

  it('returns digests and strings, or nothing, for any JSON', () => {
    const entries = fc.oneof(
      fc.record({ tag: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()), imageSizeBytes: fc.jsonValue() }),
      fc.jsonValue(),
    );
    const keys = fc.oneof(fc.stringMatching(/^sha256:[0-9a-f]{64}$/), fc.string());
    const lists = fc.record(
      { child: fc.oneof(fc.array(fc.string()), fc.jsonValue()), manifest: fc.dictionary(keys, entries) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(lists, fc.jsonValue()), (value) => {
        const json: unknown = JSON.parse(JSON.stringify(value));
        const read = readGoogleList({ json });
        const { children = [], tags = new Map<string, ListedTag>() } = read ?? {};
        expect([...children, ...tags.keys()].every((name) => typeof name === 'string')).toBe(true);
        const manifests = Array.from(tags.values()).filter((tag) => tag !== null);
        expect(manifests.every(({ digest }) => isDigest(digest))).toBe(true);
        expect(manifests.every(({ size = 0 }) => Number.isSafeInteger(size) && size >= 0)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the answer of a token service', () => {
  it('results in a valid header or a RegistryError, whatever the answer', async () => {
    const values = fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue());
    const answers = fc.record(
      { token: values, access_token: values, expires_in: values },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          answers.map((answer) => JSON.stringify(answer)),
          fc.string(),
        ),
        async (body) => {
          const auth = new Authenticator({
            registry: new URL('https://r.io'),
            credential: async () => undefined,
            sendTokenRequest: async () => body,
            clock: () => 0,
            mask: () => {},
          });
          auth.acceptChallenge({
            wwwAuthenticate: 'Bearer realm="https://r.io/token"',
            scopes: [],
            refused: undefined,
          });
          const outcome = await auth.header([]).catch((error: unknown) => error);
          const isSent =
            typeof outcome === 'string' && new Headers({ authorization: outcome }).has('authorization');
          expect(isSent || outcome instanceof RegistryError).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the docker config', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'docker-config-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('results in a credential, none, or a clear error', async () => {
    const secret = 'geheim-pa55';
    const values = fc.oneof(fc.constant(secret), fc.jsonValue());
    const auths = fc.record({ auth: values, username: values, identitytoken: values }, { requiredKeys: [] });
    const configs = fc.record(
      {
        auths: fc.oneof(fc.dictionary(fc.constantFrom('a.io', 'b.io'), fc.oneof(auths, values)), values),
        credHelpers: fc.oneof(fc.dictionary(fc.constant('a.io'), values), values),
        credsStore: values,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(configs, values), async (config) => {
        await writeFile(join(folder, 'config.json'), JSON.stringify(config));
        const lookup = dockerConfigCredentials(folder, async () => ({ exitCode: 1, stdout: secret }));
        const outcome = await lookup('a.io').then(
          (credential) => credential?.providedBy ?? 'none',
          (error: unknown) => String(error),
        );
        expect(outcome).toMatch(
          /^(?:none|the docker config)$|is not a docker config|not a program name|ended with exit code 1/,
        );
      }),
      { numRuns: 200 },
    );
  });
});
