import { describe, expect, it } from 'vitest';
import { renderHostsToml } from '../../../../src/catalogue/clients/hosts-toml.ts';
import { manifestOf, partFor } from '../../../support/fixtures/catalogues.ts';

const tags = { v1: null };

describe('renderHostsToml', () => {
  it('names a mirror that keeps the paths, below a path of its own', () => {
    const part = partFor(
      manifestOf(
        'gcr.io/ns',
        'mirror.example/some',
        { a: tags, 'b/c': tags },
        { a: 'ns/a', 'b/c': 'ns/b/c' },
      ),
    );
    expect(Array.from(renderHostsToml([part]))).toEqual([
      [
        'containerd/gcr.io/hosts.toml',
        `server = "https://gcr.io"

[host."https://mirror.example/v2/some"]
  capabilities = ["pull", "resolve"]
  override_path = true`,
      ],
    ]);
  });

  it('names a mirror with the same paths', () => {
    const part = partFor(manifestOf('docker.io/library', 'mirror.example/library', { nginx: tags }));
    expect(renderHostsToml([part]).get('containerd/docker.io/hosts.toml'))
      .toBe(`server = "https://registry-1.docker.io"

[host."https://mirror.example"]
  capabilities = ["pull", "resolve"]`);
  });

  it('says why a mirror can not serve containerd, and still is a valid file', () => {
    const part = partFor(manifestOf('gcr.io/ns', 'docker.io/m', { a: tags }));
    const text = renderHostsToml([part]).get('containerd/gcr.io/hosts.toml') ?? '';
    expect(text).toContain("# docker.io can't be a mirror for containerd");
    expect(text).toContain('gcr.io/ns/a\n# is docker.io/m/a there');
    expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
      'server = "https://gcr.io"',
    ]);
  });

  it('counts on all images of a registry having the same prefix', () => {
    const parts = [
      partFor(manifestOf('gcr.io/x', 'mirror.example/x', { a: tags })),
      partFor(manifestOf('gcr.io/y', 'mirror.example/m', { a: tags })),
    ];
    expect(renderHostsToml(parts).get('containerd/gcr.io/hosts.toml')).toContain(
      "mirror.example can't be a mirror",
    );
  });

  it('has a folder that each file system can hold for a host with a port', () => {
    const part = partFor(manifestOf('localhost:5000/x', 'mirror.example/x', { a: tags }));
    expect(Array.from(renderHostsToml([part]).keys())).toEqual(['containerd/localhost_5000_/hosts.toml']);
  });
});
