import type { Catalogue } from '../catalogue.ts';
import { renderHostsToml } from './hosts-toml.ts';
import { renderKubeadm } from './kubeadm.ts';
import { renderKustomization } from './kustomization.ts';
import { renderKyvernoPolicy } from './kyverno.ts';
import { renderRegistriesConf } from './registries-conf.ts';

const FIRST_LINE =
  '# Written by gcrxio/sync-action from what is mirrored. Changes to this file are overwritten.';

/** How to use each file, as comments below its first line. */
const USE = {
  registries: [
    'For Podman, Buildah, Skopeo and CRI-O. Copy it to /etc/containers/registries.conf.d/mirror.conf: images are then pulled',
    'from the mirror under their original names, and from the source where the mirror lacks them.',
  ],
  containerd: [
    'For containerd. Copy it to /etc/containerd/certs.d/, into the folder of the same name, and set config_path to',
    '/etc/containerd/certs.d in the section of the registry in /etc/containerd/config.toml.',
  ],
  kustomize: [
    'For Kustomize and "kubectl -k". Copy it into a folder of your own, and name the folder in "components:" of your',
    'kustomization.yaml. A digest in a manifest stays: it must be one that the mirror has.',
  ],
  kyverno: [
    'For Kyverno 1.16 and later. Apply it with: kubectl apply --server-side -f kyverno.yaml',
    'New pods then use the mirror for images that it has. Images that are named by a digest are not changed.',
  ],
  kubeadm: ['For kubeadm. Merge it into your configuration: kubeadm init --config kubeadm.yaml'],
} as const;

/** Configuration that makes clients use the mirror, by path below the folder `clients`. */
export function renderClients(catalogue: Catalogue): ReadonlyMap<string, string> {
  const hosts = Array.from(
    renderHostsToml(catalogue),
    ([path, text]) => [path, withHeader('containerd', text)] as const,
  );
  return new Map([
    ['registries.conf', withHeader('registries', renderRegistriesConf(catalogue))],
    ...hosts,
    ['kustomization.yaml', withHeader('kustomize', renderKustomization(catalogue))],
    ['kyverno.yaml', withHeader('kyverno', renderKyvernoPolicy(catalogue))],
    ['kubeadm.yaml', withHeader('kubeadm', renderKubeadm(catalogue))],
  ]);
}

function withHeader(kind: keyof typeof USE, text: string): string {
  return `${[FIRST_LINE, ...USE[kind].map((line) => `# ${line}`)].join('\n')}\n\n${text.trim()}\n`;
}

/** True for a file that this action wrote. */
export function isOwnClientFile(text: string): boolean {
  return text.startsWith(FIRST_LINE);
}
