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
  const image = by === 'digest' && digest !== undefined ? `${mirror}@${digest}` : `${mirror}:${tag}`;
  const name = `${ref}:${tag}`;
  const pull = (client: string, command: string, rename = 'tag'): Command => ({
    client,
    text: original
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
