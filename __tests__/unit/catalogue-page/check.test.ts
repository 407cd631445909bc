import { describe, expect, it } from 'vitest';
import { checkList } from '../../../catalogue/check.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { SMALL, pageData } from '../../support/fixtures/page-data.ts';

const data = pageData(SMALL);
const check = (text: string): string[] =>
  checkList(data, text).map(({ line, state, mirror = '' }) => [line, state, mirror].join(' ').trim());

describe('checkList', () => {
  it('says what the mirror has of each reference', () => {
    expect(
      check(
        'registry.k8s.io/pause:3.10\nregistry.k8s.io/pause:3.9\nregistry.k8s.io/etcd:3.5.15-0\nnginx\nnginx:1.27',
      ),
    ).toEqual([
      'registry.k8s.io/pause:3.10 present docker.io/gcrxio/pause:3.10',
      'registry.k8s.io/pause:3.9 no-tag docker.io/gcrxio/pause',
      'registry.k8s.io/etcd:3.5.15-0 no-image',
      'nginx present registry.example/mirror/nginx:latest',
      'nginx:1.27 present registry.example/mirror/nginx:1.27',
    ]);
  });

  it('takes the place that has the tag', () => {
    expect(check('gcr.io/distroless/base:special')).toEqual([
      'gcr.io/distroless/base:special present registry.example/mirror/base:special',
    ]);
  });

  it('looks up digests', () => {
    expect(check(`nginx@${digest(80)}\nnginx@${digest(81)}`)).toEqual([
      `nginx@${digest(80)} present registry.example/mirror/nginx@${digest(80)}`,
      `nginx@${digest(81)} no-tag registry.example/mirror/nginx`,
    ]);
  });

  it('reads lists as they are in manifests, with comments and empty lines', () => {
    expect(check('\n# images\n  - image: "nginx:1.27"  # web\nimage: nginx:1.27,\n- nginx:1.27\n')).toEqual(
      Array.from({ length: 3 }, () => 'nginx:1.27 present registry.example/mirror/nginx:1.27'),
    );
  });
});
