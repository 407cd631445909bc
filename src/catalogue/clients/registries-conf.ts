import { isLoopback } from '../../oci/names.ts';
import type { Catalogue } from '../catalogue.ts';
import { type Place, placesOf, registryOf } from './places.ts';

/**
 * `registries.conf` for Podman, Buildah, Skopeo and CRI-O: they replace the longest prefix of a name by a mirror's location,
 * and ask the source where the mirror has no such image. A namespace has one entry; images whose names at the target do not
 * follow from it have their own.
 * https://github.com/containers/image/blob/v5.36.2/docs/containers-registries.conf.5.md
 */
export function renderRegistriesConf(catalogue: Catalogue): string {
  const blocks = Array.from(mirrorPrefixes(catalogue), ([prefix, locations]) =>
    [
      '[[registry]]',
      `prefix = ${JSON.stringify(prefix)}`,
      `location = ${JSON.stringify(prefix)}`,
      ...locations.flatMap(renderMirror),
    ].join('\n'),
  );
  return blocks.join('\n\n');
}

/** As in the action, loopback addresses have no TLS. */
function renderMirror(location: string): string[] {
  const isInsecure = isLoopback(registryOf(location));
  return [
    '',
    '[[registry.mirror]]',
    `location = ${JSON.stringify(location)}`,
    ...(isInsecure ? ['insecure = true'] : []),
  ];
}

/** Mirrors by prefix. Together they lead from each image to its places, and from no image to another's. */
export function mirrorPrefixes(catalogue: Catalogue): Map<string, readonly string[]> {
  const prefixes = new Map<string, readonly string[]>();
  const places = placesOf(catalogue);
  for (const [source, targets] of targetsBySource(catalogue)) {
    const own = places.filter(({ ref }) => ref.startsWith(`${source}/`));
    const candidate = new Map([[source, targets]]);
    if (own.some((place) => isRight(place, candidate))) prefixes.set(source, targets);
  }
  for (const place of places) if (!isRight(place, prefixes)) prefixes.set(place.ref, place.mirrors);
  return prefixes;
}

function targetsBySource(catalogue: Catalogue): Map<string, readonly string[]> {
  const targets = new Map<string, readonly string[]>();
  for (const { source, target } of catalogue)
    targets.set(source, Array.from(new Set([...(targets.get(source) ?? []), target])));
  return targets;
}

function isRight({ ref, mirrors }: Place, prefixes: ReadonlyMap<string, readonly string[]>): boolean {
  return resolve(ref, prefixes).join(' ') === mirrors.join(' ');
}

/** Where a client looks for `ref`: the mirrors of its longest prefix, with the rest of the name. */
export function resolve(ref: string, prefixes: ReadonlyMap<string, readonly string[]>): string[] {
  for (let prefix = ref; prefix !== ''; prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))) {
    const mirrors = prefixes.get(prefix);
    if (mirrors) return mirrors.map((mirror) => mirror + ref.slice(prefix.length));
  }
  return [];
}
