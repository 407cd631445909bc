/**
 * A source namespace: a registry host and a path below it. The path may be empty (`registry.k8s.io`) and may
 * itself be one repository (`quay.io/coreos/flannel`).
 */
export interface Namespace {
  /** Host and optional port, as users write it: `gcr.io`, `docker.io`, `localhost:5000`. */
  readonly registry: string;
  readonly path: string;
}

/** `gcr.io/distroless`; the host alone when the path is empty. */
export function formatNamespace({ registry, path }: Namespace): string {
  return path === '' ? registry : `${registry}/${path}`;
}
