import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isPrivateHost,
  mayFollow,
  mayHaveCredentials,
  whyNotFollow,
} from '../../../../src/oci/http/redirect-policy.ts';

const url = (text: string): URL => new URL(text);

describe('isPrivateHost', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '[::]',
    '[::1]',
    '[::ffff:169.254.169.254]',
    '[fc00::1]',
    '[fd00::1]',
    '[fe80::1]',
    '[febf::1]',
    'localhost',
    'a.localhost',
    'metadata.google.internal',
    'printer.local',
    'local',
    'minio',
    'minio.',
    'localhost.',
    'metadata.google.internal.',
    'registry.tools.svc',
    'registry.tools.svc.cluster.local',
    'nas.home.arpa',
    '198.18.0.1',
    '100.100.100.200',
    '168.63.129.16',
    '[::10.0.0.1]',
    '[::ffff:10.0.0.1]',
    '[64:ff9b::169.254.169.254]',
    '[64:ff9b:1::1]',
    '[2002:a00:1::1]',
    '[fd00:ec2::254]',
  ])('includes %s', (host) => {
    expect(isPrivateHost(url(`https://${host}`).hostname)).toBe(true);
  });

  it('knows an address in every form that URLs allow', () => {
    const hosts = ['0x7f.1', '2130706433', '017700000001', '0xa9fea9fe', '127.0.0.1.', 'LOCALHOST'];
    expect(hosts.filter((host) => !isPrivateHost(url(`https://${host}`).hostname))).toEqual([]);
  });

  it.each([
    '8.8.8.8',
    '100.63.0.1',
    '100.128.0.1',
    '169.253.0.1',
    '172.15.0.1',
    '172.32.0.1',
    '192.169.0.1',
    '[2001:db8::1]',
    '[fec0::1]',
    'gcr.io',
    'fd00.io',
    '10.0.0.1.io',
    'gcr.io.',
    'svc.io',
    '[::ffff:8.8.8.8]',
  ])('does not include %s', (host) => {
    expect(isPrivateHost(url(`https://${host}`).hostname)).toBe(false);
  });
});

describe('mayFollow', () => {
  it.each([
    ['https://gcr.io/a', 'https://gcr.io/b', true],
    ['https://gcr.io/a', 'https://storage.googleapis.com/b', true],
    ['http://gcr.io/a', 'https://gcr.io/b', true],
    ['http://gcr.io/a', 'http://other.io/b', true],
    ['https://gcr.io/a', 'http://gcr.io/b', false],
    ['https://10.0.0.1/a', 'http://10.0.0.1/a', false],
    ['https://gcr.io/a', 'https://169.254.169.254/latest', false],
    ['http://gcr.io/a', 'http://169.254.169.254/latest', false],
    ['https://gcr.io/a', 'https://[fe80::1]/x', false],
    ['https://gcr.io/a', 'https://localhost/x', false],
    ['https://10.0.0.1/a', 'https://10.0.0.2/b', true],
    ['https://10.0.0.1/a', 'https://s3.io/b', true],
    ['http://127.0.0.1:1/a', 'http://127.0.0.1:2/b', true],
    ['http://127.0.0.1:1/a', 'http://localhost:2/b', true],
    ['http://[::1]:1/a', 'http://10.0.0.1/b', true],
    ['http://registry:5000/a', 'http://minio:9000/b', true],
    ['http://10.0.0.1/a', 'http://127.0.0.1/b', false],
    ['https://registry.tools.svc/a', 'https://localhost/b', false],
    ['http://127.0.0.1:1/a', 'http://169.254.169.254/latest', false],
    ['https://10.0.0.1/a', 'https://[fe80::1]/b', false],
    ['http://169.254.1.1/a', 'http://169.254.169.254/latest', false],
    ['http://169.254.1.1/a', 'http://169.254.1.1/b', true],
    ['https://gcr.io/a', 'https://minio/b', false],
    ['https://gcr.io/a', 'https://localhost./b', false],
    ['https://gcr.io/a', 'https://[::ffff:127.0.0.1]/b', false],
    ['https://gcr.io/a', 'ftp://gcr.io/b', false],
    ['https://gcr.io/a', 'data:,x', false],
  ])('from %s to %s: %s', (from, to, allowed) => {
    expect(mayFollow(url(from), url(to))).toBe(allowed);
  });
});

describe('trusted hosts', () => {
  const trusted = new Set(['minio.corp.internal', '10.0.0.1:9000', '169.254.169.254', 'localhost']);

  it.each([
    ['https://r.io', 'https://minio.corp.internal/b', true],
    ['https://r.io', 'https://minio.corp.internal:9000/b', true],
    ['https://r.io', 'https://10.0.0.1:9000/b', true],
    ['https://r.io', 'https://10.0.0.1/b', false],
    ['https://r.io', 'https://other.corp.internal/b', false],
    ['https://r.io', 'https://localhost:9000/b', true],
    ['https://r.io', 'http://minio.corp.internal/b', false],
    ['https://r.io', 'https://169.254.169.254/latest', false],
  ])('from %s to %s: %s', (from, to, allowed) => {
    expect(mayFollow(url(from), url(to), trusted)).toBe(allowed);
    expect(mayHaveCredentials(url(from), url(to), trusted)).toBe(allowed);
  });

  it('are named in the error about a private host', () => {
    expect(whyNotFollow(url('https://r.io'), url('https://minio/b'))).toContain('the input "trusted-hosts"');
    expect(whyNotFollow(url('https://r.io'), url('https://169.254.169.254/'))).not.toContain('trusted-hosts');
  });
});

describe('mayHaveCredentials', () => {
  it.each([
    ['https://registry-1.docker.io', 'https://auth.docker.io/token', true],
    ['https://registry.gitlab.com', 'https://gitlab.com/jwt/auth', true],
    ['https://ghcr.io', 'https://ghcr.io/token', true],
    ['https://ghcr.io', 'https://auth.ghcr.io/token', true],
    ['https://r.a.example.com', 'https://auth.a.example.com/token', true],
    ['https://r.a.example.com', 'https://example.com/token', true],
    ['https://rg.fr-par.scw.cloud', 'https://api.scaleway.com/registry/token', true],
    ['https://registry.example.com', 'https://gitlab.example.org/jwt', true],
    ['https://registry.gitlab.com', 'http://gitlab.com/jwt', false],
    ['https://10.0.0.1', 'https://sso.example.com/token', true],
    ['https://quay.io', 'https://10.0.0.1/token', false],
    ['https://quay.io', 'https://io/token', false],
    ['https://gcr.io', 'http://gcr.io/token', false],
    ['https://gcr.io', 'https://169.254.169.254/token', false],
    ['http://127.0.0.1:5000', 'http://127.0.0.1:5001/token', true],
    ['http://127.0.0.1:5000', 'http://10.0.0.1/token', false],
    ['http://r.corp.internal', 'http://auth.corp.internal/token', false],
    ['https://r.corp.internal', 'https://auth.corp.internal/token', true],
    ['https://203.0.113.5', 'https://9.0.113.5/token', true],
    ['http://10.0.0.1:5000', 'https://11.0.0.1/token', false],
    ['http://r.example.com', 'https://evil.com/token', false],
    ['http://r.example.com', 'http://evil.com/token', false],
    ['http://r.example.com', 'https://auth.example.com/token', true],
    ['http://registry:5000', 'http://auth.registry:5001/token', false],
  ])('of %s at %s: %s', (registry, realm, allowed) => {
    expect(mayHaveCredentials(url(registry), url(realm))).toBe(allowed);
  });

  it('is never more than mayFollow', () => {
    const places = fc
      .tuple(
        fc.constantFrom('http', 'https'),
        fc.constantFrom('a.io', 'r.a.io', 'b.io', 'localhost', '10.0.0.1', '[fe80::1]', 'x.internal'),
      )
      .map(([scheme, host]) => url(`${scheme}://${host}/`));
    fc.assert(
      fc.property(places, places, (registry, realm) => {
        fc.pre(mayHaveCredentials(registry, realm));
        expect(mayFollow(registry, realm)).toBe(true);
        expect(registry.protocol === 'https:' && realm.protocol === 'http:').toBe(false);
      }),
    );
  });
});
