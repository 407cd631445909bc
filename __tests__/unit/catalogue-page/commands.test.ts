import { describe, expect, it } from 'vitest';
import { commandsFor } from '../../../catalogue/commands.ts';
import { digest } from '../../support/fixtures/digests.ts';

const IMAGE = { ref: 'gcr.io/distroless/java/17', mirror: 'docker.io/gcrxio/java_17' };
const texts = (
  ...rest: [tag: { tag: string; digest?: string }, by: 'tag' | 'digest', original: boolean]
): string[] => commandsFor(IMAGE, ...rest).map(({ text }) => text);

describe('commandsFor', () => {
  it('has a command for each client', () => {
    expect(texts({ tag: 'debug', digest: digest(1) }, 'tag', false)).toEqual([
      'docker pull docker.io/gcrxio/java_17:debug',
      'podman pull docker.io/gcrxio/java_17:debug',
      'ctr -n k8s.io images pull docker.io/gcrxio/java_17:debug',
      'nerdctl pull docker.io/gcrxio/java_17:debug',
      'crane pull docker.io/gcrxio/java_17:debug 17.tar',
      'image: docker.io/gcrxio/java_17:debug',
    ]);
  });

  it('names the digest where it is known', () => {
    const [docker] = texts({ tag: 'debug', digest: digest(1) }, 'digest', false);
    expect(docker).toBe(`docker pull docker.io/gcrxio/java_17@${digest(1)}`);
    expect(texts({ tag: 'debug' }, 'digest', false)[0]).toBe('docker pull docker.io/gcrxio/java_17:debug');
  });

  it('gives the image its original name', () => {
    const all = texts({ tag: 'debug' }, 'tag', true);
    expect(all[2]).toBe(
      'ctr -n k8s.io images pull docker.io/gcrxio/java_17:debug && ' +
        'ctr -n k8s.io images tag docker.io/gcrxio/java_17:debug gcr.io/distroless/java/17:debug',
    );
  });
});
