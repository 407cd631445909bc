import type { Behaviour, PublicImage } from './behaviours.ts';

/** A registry that live.yml looks at: a tiny image of it, and what its stand-in in the tests does. */
export interface LiveSource extends PublicImage {
  /** As a namespace of the action: `docker.io/library/hello-world`. */
  readonly namespace: string;
  readonly expected: Readonly<Partial<Record<Behaviour, string>>>;
}

const VERIFIES = 'the bytes have the digest';
const PROTOCOL = {
  'HEAD of a manifest': 'docker-content-digest, content-type, content-length',
  'GET of a manifest': VERIFIES,
  'a manifest that is not there': '404 MANIFEST_UNKNOWN',
  'GET of a blob': VERIFIES,
} as const;
const GOOGLE = "Google's shape, digests as keys";

/** What the stand-ins of the tests do. __tests__/unit/scripts/live.test.ts holds them to it. */
export const LIVE_SOURCES: readonly LiveSource[] = [
  {
    url: 'https://gcr.io',
    repository: 'distroless/static-debian12',
    tag: 'nonroot',
    namespace: 'gcr.io/distroless/static-debian12',
    expected: { ...PROTOCOL, 'GET /v2/': 'Bearer challenge', 'tags/list': GOOGLE },
  },
  {
    url: 'https://registry.k8s.io',
    repository: 'pause',
    tag: '3.10',
    namespace: 'registry.k8s.io/pause',
    expected: { ...PROTOCOL, 'GET /v2/': 'no challenge', 'tags/list': GOOGLE },
  },
  {
    url: 'https://quay.io',
    repository: 'prometheus/busybox',
    tag: 'latest',
    namespace: 'quay.io/prometheus/busybox',
    expected: { ...PROTOCOL, 'GET /v2/': 'Bearer challenge', 'tags/list': 'names' },
  },
  {
    url: 'https://ghcr.io',
    repository: 'regclient/regctl',
    tag: 'latest',
    namespace: 'ghcr.io/regclient/regctl',
    expected: { ...PROTOCOL, 'GET /v2/': 'Bearer challenge', 'tags/list': 'names' },
  },
  {
    url: 'https://registry-1.docker.io',
    repository: 'library/hello-world',
    tag: 'linux',
    namespace: 'docker.io/library/hello-world',
    expected: {
      ...PROTOCOL,
      'GET /v2/': 'Bearer challenge',
      'tags/list': 'names',
      'ratelimit-remaining after a HEAD': 'the same',
    },
  },
];
