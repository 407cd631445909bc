import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  apiHost,
  canNest,
  canonicalHost,
  isLoopback,
  isRegistryHost,
  isRepositoryName,
  isTag,
  looksLikeHost,
} from '../../../src/oci/names.ts';

/** Names of the allowed letters, many of them valid, and some with something hostile put in anywhere. */
const nearlyNames = fc
  .tuple(
    fc.stringMatching(/^[a-z0-9]{1,4}(?:[./_-]{1,2}[a-zA-Z0-9]{1,4}){0,3}$/),
    fc.constantFrom(
      '',
      '',
      '..',
      '/../',
      '//',
      '/',
      '-',
      '.',
      ':',
      '@',
      '%2e',
      ' ',
      '\n',
      '\0',
      '\u2028',
      'é',
    ),
    fc.nat(20),
  )
  .map(([name, extra, at]) => name.slice(0, at) + extra + name.slice(at));
const texts = fc.oneof(nearlyNames, fc.string({ unit: 'binary', maxLength: 8 }));

describe('isRepositoryName', () => {
  it.each(['a', '0', 'a/b-c/d__e', 'library/alpine', 'github.com/knative/serving', 'a---b', 'a'.repeat(255)])(
    'takes %s',
    (name) => {
      expect(isRepositoryName(name)).toBe(true);
    },
  );

  it.each([
    '',
    'A',
    '-a',
    'a-',
    '_a',
    'a___b',
    'a._b',
    'a//b',
    '/a',
    'a/',
    'a..b',
    '../a',
    'a/../b',
    'a b',
    'a:b',
    'a@b',
    'a%2fb',
    'a\n',
    'é',
    'a'.repeat(256),
  ])('refuses %j', (name) => {
    expect(isRepositoryName(name)).toBe(false);
  });

  it('refuses everything that could leave a path, start an option or end a line', () => {
    fc.assert(
      fc.property(texts, (text) => {
        fc.pre(isRepositoryName(text));
        expect(text).not.toMatch(/\.\.|\/\/|^[-./]|\/$|[^a-z0-9._/-]/);
        expect(new URL(`https://r.io/v2/${text}/tags/list`).pathname).toBe(`/v2/${text}/tags/list`);
      }),
      { numRuns: 500 },
    );
  });
});

describe('isTag', () => {
  it.each([
    ['v1.2_3-x', true],
    ['_', true],
    ['a'.repeat(128), true],
    ['-rf', false],
    ['.x', false],
    ['..', false],
    ['', false],
    ['a/b', false],
    ['a:b', false],
    ['a\n', false],
    ['a'.repeat(129), false],
  ])('judges %j', (tag, valid) => {
    expect(isTag(tag)).toBe(valid);
  });

  it('refuses everything that could leave a path, start an option or end a line', () => {
    fc.assert(
      fc.property(texts, (text) => {
        fc.pre(isTag(text));
        expect(text).not.toMatch(/^[-.]|[^a-zA-Z0-9._-]/);
        expect(new URL(`https://r.io/v2/a/manifests/${text}`).pathname).toBe(`/v2/a/manifests/${text}`);
      }),
      { numRuns: 500 },
    );
  });
});

describe('hosts', () => {
  it.each([
    ['gcr.io', true],
    ['localhost:5000', true],
    ['[::1]:5000', true],
    ['GCR.io', false],
    ['a_b.io', false],
    ['-a.io', false],
    ['a-.io', false],
    ['a..io', false],
    ['a.io.', false],
    ['a.io/b', false],
    ['u@a.io', false],
    ['a.io:port', false],
    ['a.io:', false],
    ['a.io:443', true],
    ['[2001:db8::1]', true],
    ['localhost:99999', false],
    ['1.2.3.999', false],
    ['1.2.3.4.5', false],
    ['[1::2::3]', false],
    ['[0:0:0:0:0:0:0:1]', false],
    ['0x7f.1', false],
    ['2130706433', false],
    ['', false],
    [`${'a'.repeat(253)}.io`, false],
  ])('judges %j', (host, valid) => {
    expect(isRegistryHost(host)).toBe(valid);
  });

  it.each([
    ['localhost', true],
    ['gcr.io', true],
    ['host:5000', true],
    ['library', false],
    ['localhosts', false],
  ])('decides whether %s is a host at the start of a reference', (component, host) => {
    expect(looksLikeHost(component)).toBe(host);
  });

  it('have one name for Docker Hub, whose API has another', () => {
    const hub = ['docker.io', 'index.docker.io', 'Registry-1.docker.io'];
    expect(hub.map(canonicalHost)).toEqual(['docker.io', 'docker.io', 'docker.io']);
    expect(canonicalHost('GCR.io')).toBe('gcr.io');
    expect(canonicalHost('registry-1.docker.io.evil.com')).toBe('registry-1.docker.io.evil.com');
    expect(['docker.io', 'quay.io'].map(apiHost)).toEqual(['registry-1.docker.io', 'quay.io']);
  });

  it('are loopback by their address, not by their first characters', () => {
    expect(['localhost', 'localhost:1', '127.9.9.9:1', '[::1]', '[::1]:2'].every(isLoopback)).toBe(true);
    expect(
      ['127.0.0.1.evil.com', 'localhost.evil.com', '10.0.0.1', '127.0.0.1@evil.com'].some(isLoopback),
    ).toBe(false);
  });

  it('accept nested names, except Docker Hub and Quay', () => {
    expect(['docker.io', 'quay.io', 'ghcr.io', 'localhost:5000'].map(canNest)).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});
