import type { Image, Tag } from './data.ts';

/** Something to copy: a command for one client, or a line of a manifest. */
export interface Command {
  readonly client: string;
  readonly text: string;
}

/**
 * How to get one image from the mirror.
 *
 * @param by whether to name the tag, or the digest where it is known
 * @param original whether the image gets its original name as well, for what refers to it by that
 */
export function commandsFor(
  { ref, mirror }: Pick<Image, 'ref' | 'mirror'>,
  { tag, digest }: Pick<Tag, 'tag' | 'digest'>,
  by: 'tag' | 'digest',
  original: boolean,
): Command[] {
  // An image without a tag has its digest in the place of one, and no name of its own to get.
  const isUntagged = tag.includes(':');
  const byDigest = by === 'digest' || isUntagged ? digest : undefined;
  const image = byDigest === undefined ? `${mirror}:${tag}` : `${mirror}@${byDigest}`;
  const name = `${ref}:${tag}`;
  const pull = (client: string, command: string, rename = 'tag'): Command => ({
    client,
    text:
      original && !isUntagged
        ? `${command} pull ${image} && ${command} ${rename} ${image} ${name}`
        : `${command} pull ${image}`,
  });
  return [
    pull('Docker', 'docker'),
    pull('Podman', 'podman'),
    pull('containerd (ctr)', 'ctr -n k8s.io images'),
    pull('nerdctl', 'nerdctl'),
    { client: 'crane', text: `crane pull ${image} ${fileName(ref)}.tar` },
    { client: 'Kubernetes', text: `image: ${image}` },
  ];
}

function fileName(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}
