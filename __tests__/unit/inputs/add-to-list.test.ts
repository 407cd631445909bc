import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addToList } from '../../../src/inputs/add-to-list.ts';
import { parseReference } from '../../../src/inputs/reference.ts';
import type { RequestedReference } from '../../../src/mirror/request.ts';

function requested(text: string): RequestedReference {
  const reference = parseReference(text);
  if (typeof reference === 'string') throw new Error(reference);
  return { ...reference, line: text };
}

const NGINX = requested('docker.io/library/nginx:1.27');
const ETCD = requested('quay.io/coreos/etcd:v3');

describe('addToList', () => {
  it.each([
    ['an empty file', '', 'docker.io/library/nginx:1.27\nquay.io/coreos/etcd:v3\n'],
    [
      'the order and the comments',
      '# ours\nb:1 # why\n\na:1\n',
      '# ours\nb:1 # why\n\na:1\ndocker.io/library/nginx:1.27\nquay.io/coreos/etcd:v3\n',
    ],
    ['a file without a last newline', 'nginx:1.27', 'nginx:1.27\nquay.io/coreos/etcd:v3\n'],
    ['line ends of Windows', 'nginx:1.27\r\n', 'nginx:1.27\r\nquay.io/coreos/etcd:v3\r\n'],
    ['lines that are no references', '???\nnginx:1.27\n', '???\nnginx:1.27\nquay.io/coreos/etcd:v3\n'],
  ])('keeps %s', (_, before, after) => {
    expect(addToList(before, [NGINX, ETCD])).toBe(after);
  });

  it('has nothing to add to a list that names the tag, with whatever digest and platform', () => {
    const list = `--platform=linux/arm64 nginx:1.27@sha256:${'a'.repeat(64)}\n`;
    expect(addToList(list, [NGINX])).toBeUndefined();
  });

  it('adds a line once: the second time there is nothing to add', () => {
    fc.assert(
      fc.property(
        fc.string().map((text) => text.replaceAll(/[^a-z:#\n ]/g, '')),
        (before) => {
          const after = addToList(before, [NGINX, ETCD]) ?? before;
          return after.startsWith(before) && addToList(after, [NGINX, ETCD]) === undefined;
        },
      ),
    );
  });
});
