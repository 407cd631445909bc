import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Catalogue } from '../../../../src/catalogue/catalogue.ts';
import { renderKubeadm } from '../../../../src/catalogue/clients/kubeadm.ts';
import { manifestOf, partFor } from '../../../support/fixtures/catalogues.ts';

/** The fields that it sets, as kubeadm has them. https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ */
const ClusterConfiguration = v.strictObject({
  apiVersion: v.literal('kubeadm.k8s.io/v1beta4'),
  kind: v.literal('ClusterConfiguration'),
  imageRepository: v.string(),
  dns: v.optional(v.strictObject({ imageRepository: v.string() })),
});

const tags = (...names: string[]): Record<string, null> =>
  Object.fromEntries(names.map((name) => [name, null]));
const COMPONENTS = Object.fromEntries(
  ['kube-apiserver', 'kube-controller-manager', 'kube-proxy'].map((name) => [
    name,
    tags('v1.30.1', 'v1.31.2', 'v1.31.10', 'v1.32.0-rc.1'),
  ]),
);
const mirror = (target: string, more = {}, names = {}): Catalogue => [
  partFor(
    manifestOf(
      'registry.k8s.io',
      target,
      {
        ...COMPONENTS,
        'kube-scheduler': tags('v1.30.1'),
        etcd: tags('3.5.15-0', '3.5.9-0'),
        pause: tags('3.10'),
        ...more,
      },
      names,
    ),
  ),
];
const COREDNS = { 'coredns/coredns': tags('v1.11.3') };
const config = (catalogue: Catalogue): unknown =>
  v.parse(ClusterConfiguration, parse(renderKubeadm(catalogue)));

describe('renderKubeadm', () => {
  it('names the repository, and that of CoreDNS where it is nested', () => {
    expect(config(mirror('registry.example/k8s', COREDNS))).toMatchObject({
      imageRepository: 'registry.example/k8s',
      dns: { imageRepository: 'registry.example/k8s/coredns' },
    });
    expect(config(mirror('docker.io/m', COREDNS, { 'coredns/coredns': 'coredns' }))).toEqual({
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'ClusterConfiguration',
      imageRepository: 'docker.io/m',
    });
  });

  it('says what to do where the name of CoreDNS was flattened', () => {
    const catalogue = mirror('docker.io/m', COREDNS);
    expect(config(catalogue)).toMatchObject({ imageRepository: 'docker.io/m' });
    expect(renderKubeadm(catalogue)).toContain(
      '# CoreDNS is mirrored as docker.io/m/coredns_coredns: kubeadm wants',
    );
  });

  it('says that names were changed', () => {
    const text = renderKubeadm(mirror('docker.io/m', {}, { 'kube-apiserver': 'k8s_kube-apiserver' }));
    expect(text).toMatch(/^# kubeadm can't use this mirror/);
    expect(parse(text)).toBeNull();
  });

  it('lists the newest version of each minor version, and what is missing', () => {
    const text = renderKubeadm(mirror('docker.io/m'));
    expect(text).toContain(`# Kubernetes v1.31.10:
#   present  registry.k8s.io/kube-apiserver:v1.31.10
#   present  registry.k8s.io/kube-controller-manager:v1.31.10
#   missing  registry.k8s.io/kube-scheduler:v1.31.10
#   present  registry.k8s.io/kube-proxy:v1.31.10
# Kubernetes v1.30.1:
#   present  registry.k8s.io/kube-apiserver:v1.30.1`);
    expect(text).not.toMatch(/v1\.31\.2\b|rc/);
    expect(text).toContain('#   missing  registry.k8s.io/coredns/coredns\n');
    expect(text).toContain('#   present  registry.k8s.io/etcd: 3.5.15-0, 3.5.9-0');
  });

  it('says that Kubernetes is not mirrored', () => {
    expect(renderKubeadm([])).toContain('are not mirrored');
  });
});
