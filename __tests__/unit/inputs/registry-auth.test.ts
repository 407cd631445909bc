import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError, InputReader } from '../../../src/inputs/reader.ts';
import { maskRegistryAuth, readRegistryAuth } from '../../../src/inputs/registry-auth.ts';
import type { Credential } from '../../../src/oci/auth/credentials.ts';

const SECRET = 's3cret-value';

function read(text: string, dryRun = false): Map<string, Credential> {
  const reader = new InputReader((name) => (name === 'registry-auth' ? text : ''));
  const found = readRegistryAuth(reader, dryRun);
  reader.finish();
  return new Map(found);
}

function problemsOf(text: string, dryRun = false): string {
  try {
    read(text, dryRun);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'none';
}

function masked(text: string): string[] {
  const secrets: string[] = [];
  maskRegistryAuth(text, (secret) => secrets.push(secret));
  return secrets;
}

/** One entry, with its password as it would come from a secret, unquoted or in another style. */
const entry = (password: string, style = ' '): string =>
  `- registry: a.io\n  username: me\n  password:${style}${password}`;

const REFUSED = /^(?:\d inputs are wrong:\n- )?registry-auth: (?:line \d|is not a list)/;
const ALONE = ' |-\n    ';

describe('readRegistryAuth', () => {
  it('reads the form of docker/login-action, in which an entry without a registry is for Docker Hub', () => {
    const text = [
      '# accounts',
      '- username: hub-user',
      "  password: 'hub # pass'",
      '',
      '- registry: GHCR.io',
      '  username: "octo"',
      '  password: gh:pass',
      '- {registry: "registry.example:5000", username: u, password: p}',
    ].join('\r\n');
    const providedBy = (line: number): string => `the input registry-auth, line ${line}`;
    expect(read(text)).toEqual(
      new Map([
        ['docker.io', { username: 'hub-user', password: 'hub # pass', providedBy: providedBy(2) }],
        ['ghcr.io', { username: 'octo', password: 'gh:pass', providedBy: providedBy(5) }],
        ['registry.example:5000', { username: 'u', password: 'p', providedBy: providedBy(8) }],
      ]),
    );
  });

  it('has no accounts when the input is not set', () => {
    expect(read('')).toEqual(new Map());
    expect(masked('')).toEqual([]);
  });

  it.each(['007', 'null', 'true', '~', '1e3', '0x1F', 'a:b', 'a#b', 'a, b', 'pass word', '-x', 'a{b}', 'é€'])(
    'reads the password %s as text',
    (password) => {
      expect(read(entry(password)).get('a.io')?.password).toBe(password);
    },
  );

  it('reads a key of several lines', () => {
    const key = '{\n  "type": "service_account",\n  "key": "a: b # c"\n}';
    const text = entry(key.replaceAll('\n', '\n    '), ALONE);
    expect(read(text).get('a.io')?.password).toBe(key);
  });

  it.each(['docker.io', 'index.docker.io', 'registry-1.docker.io'])('treats %s as Docker Hub', (host) => {
    expect(Array.from(read(`- registry: ${host}\n  username: u\n  password: p`).keys())).toEqual([
      'docker.io',
    ]);
  });

  const word = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .map((text) => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '').trim())
    .filter((text) => text !== '');

  it('reads a password without quotes as it is written, or refuses it', () => {
    const noQuotes = word.filter((text) => !/^["']/.test(text));
    // Signs that YAML takes for its own, more often than chance would have it.
    const sign = fc.constantFrom(...'& * ! | > % @ ` # { } [ ] , ? : - \\'.split(' '), '- ', '& ');
    const risky = fc.tuple(sign, noQuotes).map(([first, text]) => first + text);
    fc.assert(
      fc.property(fc.oneof(noQuotes, risky), fc.constantFrom('', ' #x', ': y', ', z'), (text, end) => {
        const password = `${text}${end}`.trim();
        const message = problemsOf(entry(password));
        const outcome = message === 'none' ? read(entry(password)).get('a.io')?.password : message;
        expect([password, expect.stringMatching(REFUSED)]).toContainEqual(outcome);
      }),
      { numRuns: 1000 },
    );
  });

  it('reads any password alone on its line below "|-"', () => {
    fc.assert(
      fc.property(word, (password) => {
        expect(read(entry(password, ALONE)).get('a.io')?.password).toBe(password);
      }),
    );
  });

  it.each([
    ['a text', SECRET, 'is not a list of entries with registry, username and password'],
    ['one entry alone', `registry: a.io\npassword: ${SECRET}`, 'is not a list of entries'],
    ['a list of texts', `- ${SECRET}`, 'is not a list of entries'],
    ['a password with a colon', entry(`a: ${SECRET}`), 'line 3 is not valid YAML'],
    ['a password that starts with @', entry(`@${SECRET}`), 'line 3 is not valid YAML'],
    ['a password that starts with !', entry(`!${SECRET} x`), 'line 3 is not valid YAML'],
    ['a password with a comment', entry(`${SECRET} #x`), 'line 3, password: has a "#" after a space'],
    ['a password that is an alias', entry(`*${SECRET}`), 'line 3, password: is not read as text by YAML'],
    ['a password that is an anchor', entry(`&x ${SECRET}`), 'line 3, password: is not read as text by YAML'],
    [
      'a password that is a map',
      entry(`{"key": "${SECRET}"}`),
      'line 3, password: is not read as text by YAML',
    ],
    ['a quote that does not end', entry(`'${SECRET}\nx`), 'is not valid YAML'],
    [
      'another key',
      `${entry('p')}\n  ${SECRET}: x`,
      'line 4 has a key that is not one of registry, username, password, scope, ecr',
    ],
    ['a merge', '- <<: x\n  password: p', 'line 1 has a key that is not one of'],
    ['a key twice', `${entry('p')}\n  password: ${SECRET}`, 'line 4 is not valid YAML'],
    ['two documents', `${entry('p')}\n---\n- x: ${SECRET}`, 'line 4 is not valid YAML'],
    [
      'no host',
      entry(SECRET).replace('a.io', `https://${SECRET}/v2`),
      'line 1, registry: is not a host such as',
    ],
    ['an empty host', entry(SECRET).replace('a.io', ''), 'line 1, registry: is not a host such as'],
    [
      'a host again',
      `${entry('p')}\n${entry(SECRET).replace('a.io', 'A.io')}`,
      'line 4, registry: is listed in line 1 already',
    ],
    [
      'no password',
      '- registry: a.io\n  username: me',
      'line 1, password: is missing or empty: check that the secret exists',
    ],
    ['an empty user name', entry(SECRET).replace(': me', ': '), 'line 1, username: is missing or empty'],
  ])('reports %s by line and key, and without its value', (_, text, what) => {
    const message = problemsOf(text);
    expect(message).toContain('registry-auth: ');
    expect(message).toContain(what);
    expect(message).not.toContain(SECRET);
  });

  it('reports all problems together', () => {
    const text = `- registry: '-'\n  username: a\n  password: b\n- registry: b.io\n- registry: b.io`;
    expect(problemsOf(text)).toMatch(/^4 inputs are wrong:\n.*line 1.*\n.*line 4.*\n.*line 4.*\n.*line 5/);
  });

  it('skips accounts without secrets in a dry run of a fork, and still finds problems', () => {
    const text = `${entry('')}\n- registry: b.io\n  username: u\n  password: p`;
    expect(Array.from(read(text, true).keys())).toEqual(['b.io']);
    expect(problemsOf(text.replace('b.io', 'a.io'), true)).toContain(
      'line 4, registry: is listed in line 1 already',
    );
    expect(problemsOf(text)).toContain('line 1, password: is missing');
  });
});

describe("docker/login-action's other keys", () => {
  const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
  const withKey = (key: string, value: string): string => `${entry('p')}\n  ${key}: ${value}`;

  it.each([
    ['ecr', 'auto'],
    ['ecr', 'false'],
    ['ecr', ''],
    ['scope', ''],
  ])('change nothing with %s: %j', (key, value) => {
    expect(read(withKey(key, value)).get('a.io')).toMatchObject({ username: 'me', password: 'p' });
  });

  it.each([
    ['ecr', 'true', /line 1, ecr: AWS keys are not exchanged .* run docker\/login-action/],
    ['ecr', 'maybe', /line 1, ecr: is not one of auto, true, false/],
    ['scope', 'org/app@push', /line 1, scope: is not supported: .*Remove this key/],
  ])('are refused with what to do: %s: %s', (key, value, message) => {
    expect(problemsOf(withKey(key, value))).toMatch(message);
  });

  it.each([ECR, 'public.ecr.aws', '123456789012.dkr-ecr.eu-west-1.on.aws'])(
    'are not needed for AWS keys of %s, which are refused in any case, and not shown',
    (host) => {
      const text = entry(SECRET).replace('a.io', host).replace(': me', ': AKIAIOSFODNN7EXAMPLE');
      expect(problemsOf(text)).toMatch(/line 1, username: AWS keys are not exchanged/);
      expect(problemsOf(text)).not.toMatch(/AKIA|s3cret/);
      expect(read(text.replace('AKIAIOSFODNN7EXAMPLE', 'AWS')).get(host)?.username).toBe('AWS');
    },
  );
});

describe('maskRegistryAuth', () => {
  it('masks the passwords, but neither hosts nor user names', () => {
    const text = `${entry('ab')}\n- {registry: b.io, username: ${'u'.repeat(9)}, password: '${SECRET}'}`;
    expect(masked(text)).toEqual(expect.arrayContaining(['ab', SECRET]));
    const hosts = masked(text).filter((secret) => ['a.io', 'b.io', 'me', 'u'.repeat(9)].includes(secret));
    expect(hosts).toEqual([]);
  });

  it.each([
    ['with a comment', entry(`${SECRET} # x`)],
    [
      'with a comment that is part of it',
      entry(`${SECRET.slice(0, 2)} #${SECRET}`),
      `${SECRET.slice(0, 2)} #${SECRET}`,
    ],
    ['in quotes that do not end', entry(`'${SECRET}`), `'${SECRET}`],
    ['in quotes of a broken list', `${entry(`"${SECRET}"`)}\n broken: [`],
    ['on a line of its own', `${entry(SECRET, ALONE)}\n broken: [`],
    ['that is a key of several lines', entry(`'{\n${SECRET}\n}'`)],
    ['that is a map', entry(`\n    ${SECRET}`, '\n    x: y')],
    ['of something else altogether', `hello\n${SECRET}`],
  ])('masks a password %s', (_, text, secret = SECRET) => {
    expect(masked(text)).toContain(secret);
  });

  it('masks whatever follows "password:"', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4, maxLength: 30 }), fc.constantFrom('', '"', "'"), (raw, quote) => {
        const password = raw.trim();
        if (password.length < 4) return;
        const secrets = masked(entry(`${quote}${password}${quote}`));
        expect(secrets.some((secret) => secret.includes(password))).toBe(true);
      }),
    );
  });
});
