import { describe, expect, it } from 'vitest';
import { pullReference, registryPage } from '../../../src/report/registry-page.ts';

describe('registryPage', () => {
  it.each([
    ['docker.io/gcrxio/base', 'https://hub.docker.com/r/gcrxio/base'],
    ['docker.io/library/nginx', 'https://hub.docker.com/_/nginx'],
    ['quay.io/coreos/etcd', 'https://quay.io/repository/coreos/etcd'],
    ['ghcr.io/octo/java/debian12', 'https://ghcr.io/octo/java/debian12'],
    ['public.ecr.aws/a1b2/base', 'https://gallery.ecr.aws/a1b2/base'],
  ])('links %s', (name, url) => {
    expect(registryPage(name)?.href).toBe(url);
  });

  it.each([
    '123.dkr.ecr.eu-central-1.amazonaws.com/base',
    'localhost:5000/base',
    'docker.io/../../evil',
    'docker.io/a)b',
    'docker.io/',
    'docker.io',
    '__proto__/x',
    'constructor/x',
    '',
  ])('has no page for %j', (name) => {
    expect(registryPage(name)).toBeUndefined();
  });
});

describe('pullReference', () => {
  it.each(['docker.io/gcrxio/base', 'localhost:5000/a/b', '[::1]:5000/a'])('names a tag of %s', (name) => {
    expect(pullReference(name, 'v1.2_3-rc.1')).toBe(`${name}:v1.2_3-rc.1`);
  });

  it.each([
    ['docker.io/a', 'v1; rm -rf /'],
    ['docker.io/$(id)', 'v1'],
    ['docker.io/a b', 'v1'],
    ['docker.io/a', ''],
    ['-rf', 'v1'],
    ['docker.io/a\n', 'v1'],
  ])('rejects %j with tag %j, which a shell may not take literally', (name, tag) => {
    expect(pullReference(name, tag)).toBeUndefined();
  });
});
