import type { Catalogue } from '../catalogue.ts';
import { type Place, placesOf } from './places.ts';

/** The registry of Kubernetes, today's name first. */
const REGISTRIES = ['registry.k8s.io', 'k8s.gcr.io'];
/** Images whose tag is the version of Kubernetes. */
const COMPONENTS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'];
/** Images with versions of their own, which kubeadm has built in. */
const OTHERS = ['coredns/coredns', 'etcd', 'pause'];
/** So many minor versions are listed: Kubernetes supports three at a time. */
const MINORS = 5;
const TAGS_SHOWN = 5;

/**
 * Configuration for kubeadm, and which of the images that it needs are mirrored. `imageRepository` replaces the registry and keeps
 * the names, but for CoreDNS.
 * https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/
 */
export function renderKubeadm(catalogue: Catalogue): string {
  const kubernetes = REGISTRIES.map((registry) => kubernetesAt(registry, catalogue)).find(
    ({ places }) => places.size > 0,
  );
  if (!kubernetes)
    return '# The images of Kubernetes are not mirrored: kubeadm has to pull them from registry.k8s.io.';
  return [...configuration(kubernetes), ...inventory(kubernetes)].join('\n');
}

interface Kubernetes {
  readonly registry: string;
  /** By the image's path in the registry. */
  readonly places: ReadonlyMap<string, Place>;
  readonly tags: ReadonlyMap<string, ReadonlySet<string>>;
}

function kubernetesAt(registry: string, catalogue: Catalogue): Kubernetes {
  const wanted = [...COMPONENTS, ...OTHERS];
  const pathOf = (ref: string): string => ref.slice(registry.length + 1);
  const places = placesOf(catalogue).filter(
    ({ ref }) => ref.startsWith(`${registry}/`) && wanted.includes(pathOf(ref)),
  );
  const tags = new Map<string, Set<string>>(wanted.map((path) => [path, new Set()]));
  for (const { source, images } of catalogue)
    for (const { image, groups } of images) {
      const ref = `${source}/${image}`;
      const own = ref.startsWith(`${registry}/`) ? tags.get(pathOf(ref)) : undefined;
      for (const group of groups) for (const tag of group.tags) own?.add(tag);
    }
  return { registry, places: new Map(places.map((place) => [pathOf(place.ref), place])), tags };
}

/** The repository that all of these images are in under their own names; undefined if there is none. */
function commonRepository({ places }: Kubernetes): string | undefined {
  const first = places.get('kube-apiserver')?.mirrors ?? [];
  const repositories = first.flatMap((mirror) =>
    mirror.endsWith('/kube-apiserver') ? [mirror.slice(0, -'/kube-apiserver'.length)] : [],
  );
  const names = [...COMPONENTS, 'etcd', 'pause'];
  return repositories.find((repository) =>
    names.every((name) => places.get(name)?.mirrors.includes(`${repository}/${name}`) ?? true),
  );
}

function configuration(kubernetes: Kubernetes): string[] {
  const repository = commonRepository(kubernetes);
  if (repository === undefined)
    return [
      "# kubeadm can't use this mirror: imageRepository keeps the names of images, and the mirror has kube-apiserver and the",
      '# others under other names, or not at all.',
    ];
  return [
    '# From Kubernetes 1.31 on; before that, v1beta3 has the same fields.',
    'apiVersion: kubeadm.k8s.io/v1beta4',
    'kind: ClusterConfiguration',
    `imageRepository: ${JSON.stringify(repository)}`,
    ...dns(kubernetes, repository),
  ];
}

/** kubeadm looks for CoreDNS in `imageRepository`, without the folder that it has in Kubernetes' own registry. */
function dns({ places }: Kubernetes, repository: string): string[] {
  const mirrors = places.get('coredns/coredns')?.mirrors ?? [];
  if (mirrors.includes(`${repository}/coredns`)) return [];
  const nested = mirrors.find((mirror) => mirror.endsWith('/coredns'));
  if (nested !== undefined)
    return ['dns:', `  imageRepository: ${JSON.stringify(nested.slice(0, -'/coredns'.length))}`];
  const [mirror] = mirrors;
  if (mirror === undefined) return ['# CoreDNS is not mirrored.'];
  return [
    `# CoreDNS is mirrored as ${mirror}: kubeadm wants a name that ends in /coredns.`,
    '# Give it one with "target-name", or start kubeadm with --skip-phases=addon/coredns and apply CoreDNS\'s own manifest.',
  ];
}

/** The newest version of each minor version with its images, and what there is of the images with their own versions. */
function inventory({ registry, tags }: Kubernetes): string[] {
  const line = (image: string, tag: string): string =>
    `#   ${tags.get(image)?.has(tag) === true ? 'present' : 'missing'}  ${registry}/${image}:${tag}`;
  const versions = newestVersions(tags.get('kube-apiserver') ?? new Set());
  return [
    '',
    ...versions.flatMap((version) => [
      `# Kubernetes ${version}:`,
      ...COMPONENTS.map((image) => line(image, version)),
    ]),
    '# With versions of their own, which "kubeadm config images list --kubernetes-version" prints. The page of the catalogue',
    '# ("Check a list") says which lines of its output are mirrored.',
    ...OTHERS.map((image) => {
      const shown = sortedVersions(tags.get(image) ?? new Set()).slice(0, TAGS_SHOWN);
      return shown.length === 0
        ? `#   missing  ${registry}/${image}`
        : `#   present  ${registry}/${image}: ${shown.join(', ')}`;
    }),
  ];
}

function newestVersions(tags: ReadonlySet<string>): string[] {
  const newest = new Map<string, string>();
  for (const tag of sortedVersions(tags)) {
    const minor = /^(v\d+\.\d+)\.\d+$/.exec(tag)?.[1];
    if (minor !== undefined && !newest.has(minor)) newest.set(minor, tag);
  }
  return Array.from(newest.values()).slice(0, MINORS);
}

/** Tags that begin with a number, the highest first. */
function sortedVersions(tags: ReadonlySet<string>): string[] {
  const order = new Intl.Collator('en', { numeric: true });
  return Array.from(tags)
    .filter((tag) => /^v?\d+(?:\.\d+)+(?:-\d+)?$/.test(tag))
    .toSorted((a, b) => order.compare(b, a));
}
