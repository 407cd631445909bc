import { apiHost, isLoopback } from '../../oci/names.ts';
import type { Catalogue } from '../catalogue.ts';
import { placesOf, registryOf } from './places.ts';

/**
 * containerd's `hosts.toml` for each source registry, by path: `containerd/gcr.io/hosts.toml`. containerd asks a mirror for the
 * same path as the source, at most below another one. A mirror that changed names can't serve it, and the file says so.
 * https://github.com/containerd/containerd/blob/v2.2.0/docs/hosts.md
 */
export function renderHostsToml(catalogue: Catalogue): Map<string, string> {
  const files = new Map<string, string>();
  const all = placesOf(catalogue);
  for (const registry of new Set(all.map(({ ref }) => registryOf(ref)))) {
    const own = all.filter(({ ref }) => registryOf(ref) === registry);
    const pairs = own.flatMap(({ ref, mirrors }) => mirrors.map((mirror) => ({ ref, mirror })));
    const blocks = Array.from(new Set(pairs.map(({ mirror }) => registryOf(mirror))), (target) =>
      renderHost(
        target,
        pairs.filter(({ mirror }) => registryOf(mirror) === target),
      ),
    );
    const server = `server = "https://${apiHost(registry)}"`;
    files.set(`containerd/${folderOf(registry)}/hosts.toml`, [server, ...blocks].join('\n\n'));
  }
  return files;
}

/** The host of a target, or why it can't be one. */
function renderHost(
  target: string,
  pairs: readonly { readonly ref: string; readonly mirror: string }[],
): string {
  const prefixes = pairs.map(({ ref, mirror }) => prefixOf(ref, mirror));
  const [prefix] = prefixes;
  const odd = prefixes.findIndex((one) => one === undefined || one !== prefix);
  const example = pairs[odd];
  if (prefix === undefined || example) {
    const { ref, mirror } = example ?? { ref: '', mirror: '' };
    return [
      `# ${target} can't be a mirror for containerd: it keeps images under other paths. ${ref}`,
      `# is ${mirror} there. Use that name, or a policy that rewrites names (kyverno.yaml).`,
    ].join('\n');
  }
  const scheme = isLoopback(target) ? 'http' : 'https';
  const path = prefix === '' ? '' : `/v2/${prefix}`;
  return [
    `[host."${scheme}://${apiHost(target)}${path}"]`,
    '  capabilities = ["pull", "resolve"]',
    ...(path === '' ? [] : ['  override_path = true']),
  ].join('\n');
}

/** What stands before the source's path at the mirror; undefined where the mirror has another path. */
function prefixOf(ref: string, mirror: string): string | undefined {
  const [path, repository] = [ref, mirror].map((name) => name.slice(name.indexOf('/')));
  if (path === undefined || repository === undefined || !repository.endsWith(path)) return undefined;
  return repository.slice(1, Math.max(1, repository.length - path.length));
}

/** containerd's name for the folder of a registry: `:5000` becomes `_5000_`, which each file system can hold. */
function folderOf(registry: string): string {
  return registry.replace(/:(\d+)$/, '_$1_');
}
