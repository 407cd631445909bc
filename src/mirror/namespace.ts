import { canonicalHost, isRegistryHost, isRepositoryName, looksLikeHost } from '../oci/names.ts';

/**
 * A registry host and a path below it: a source or a target of images. The path of a source may be empty
 * (`registry.k8s.io`) and may itself be one repository (`quay.io/coreos/flannel`).
 */
export interface Namespace {
  /** Host and optional port, Docker Hub always as `docker.io`: `gcr.io`, `localhost:5000`. */
  readonly registry: string;
  readonly path: string;
}

/** `gcr.io/distroless`; the host alone when the path is empty. */
export function formatNamespace({ registry, path }: Namespace): string {
  return path === '' ? registry : `${registry}/${path}`;
}

/** The full path of `image` in its registry, as it stands in `/v2/<repository>/`. */
export function repositoryIn({ path }: Namespace, image: string): string {
  return path === '' ? image : `${path}/${image}`;
}

/**
 * Reads `host/path`, `host` or, in `defaultRegistry`, `path`. The first part is a host when it has a dot or a
 * port or is `localhost`, as docker reads references.
 *
 * @returns the namespace, or a sentence that says what is wrong with `text`
 */
export function parseNamespace(text: string, defaultRegistry: string): Namespace | string {
  const slash = text.indexOf('/');
  const first = slash === -1 ? text : text.slice(0, slash);
  const hasHost = looksLikeHost(first);
  const host = hasHost ? first.toLowerCase() : defaultRegistry;
  const path = hasHost ? (slash === -1 ? '' : text.slice(slash + 1)) : text;
  if (!isRegistryHost(host)) return `"${host}" is not a registry host`;
  if (path === '' && slash !== -1) return 'nothing follows the "/"';
  if (path !== '' && !isRepositoryName(path)) {
    return (
      `"${path}" is not a repository path: lower-case letters and digits, separated by ` +
      'one of . - _ within a part and by / between parts'
    );
  }
  return { registry: canonicalHost(host), path };
}

/** True for a namespace as `formatNamespace` writes it. */
export function isNamespaceName(text: string): boolean {
  const namespace = parseNamespace(text, '');
  return typeof namespace !== 'string' && formatNamespace(namespace) === text;
}
