import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Inputs } from '../../src/inputs/inputs.ts';
import { formatNamespace } from '../../src/mirror/namespace.ts';
import { loadTestInputs } from '../support/fixtures/inputs.ts';

/** docs/moving-over.md: each form of the mirror is read, and ours is loaded as the action does. */
const text = readFileSync(new URL('../../docs/moving-over.md', import.meta.url), 'utf8');
const blocks = Array.from(
  text.matchAll(/^```(yaml|text)\n([\s\S]*?)^```$/gm),
  ([, kind = '', block = '']) => ({
    kind,
    block,
    heading:
      text
        .slice(0, text.indexOf(block))
        .match(/^#+ [A-Z].*$/gm)
        ?.at(-1) ?? '',
  }),
);
const under = (heading: string): string => blocks.find((one) => one.heading === heading)?.block ?? '';

function show({ namespaces }: Inputs): string[] {
  return namespaces
    .flatMap(({ namespace, target, list = [] }) =>
      list.map(({ image, references, names, platforms, filters }) => {
        const tags = references?.map(({ tag }) => tag).join(' ') ?? `semver ${filters.semver}`;
        return `${formatNamespace(target)} ← ${formatNamespace(namespace)}/${image} ${tags} as ${names.join()} ${String(platforms)}`;
      }),
    )
    .toSorted();
}

const TARGETS = ['ghcr.io/example', 'registry.example.com/mirror'];

describe('docs/moving-over.md', () => {
  it("loads the action's own form", async () => {
    const inputs = await loadTestInputs({ engine: 'registry' }, under('# Moving over from another tool'));
    expect(show(inputs)).toEqual(
      TARGETS.flatMap((target) => [
        `${target} ← docker.io/library/busybox 1.37 as {image} linux/amd64,linux/arm64`,
        `${target} ← docker.io/library/nginx semver >=1.26 as {image} all`,
        `${target} ← quay.io/prometheus/node-exporter v1.9.1 v1.10.2 as mirrored-node-exporter all`,
        `${target} ← registry.k8s.io/pause 3.10 as {image} all`,
      ]).toSorted(),
    );
  });

  it('loads images.txt with the step beside it', async () => {
    const found = blocks.filter(({ heading }) => heading === '## From images.txt');
    const list = found.find(({ kind }) => kind === 'text')?.block ?? '';
    const steps = v.parse(
      v.array(v.object({ with: v.record(v.string(), v.string()) })),
      parse(found.find(({ kind }) => kind === 'yaml')?.block ?? ''),
    );
    const given = { config: '', ...steps[0]?.with };
    expect(show(await loadTestInputs(given, list))).toEqual(
      TARGETS.flatMap((target) => [
        `${target} ← docker.io/library/busybox 1.37 as {image} linux/arm64`,
        `${target} ← docker.io/library/nginx latest as {image} all`,
        `${target} ← quay.io/prometheus/node-exporter v1.9.1 v1.10.2 as {image} all`,
        `${target} ← registry.k8s.io/pause 3.10 as {image} all`,
      ]).toSorted(),
    );
  });

  it.each(['regsync', 'skopeo sync', 'image-syncer', 'dregsy'])('shows a form of %s that is YAML', (tool) => {
    expect(under(`## From ${tool}`)).toContain('node-exporter');
    expect(parse(under(`## From ${tool}`))).toBeTypeOf('object');
  });

  it('loads docs/lists.md', async () => {
    const page = readFileSync(new URL('../../docs/lists.md', import.meta.url), 'utf8');
    const [, list = ''] = /^```text\n([\s\S]*?)^```$/m.exec(page) ?? [];
    const [, file = ''] = Array.from(page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm), ([, block = '']) => block);
    const given = { config: '', 'images-file': 'images.txt', target: 'ghcr.io/example' };
    expect(show(await loadTestInputs(given, list))).toHaveLength(6);
    expect(show(await loadTestInputs({ engine: 'registry' }, file ?? ''))).toHaveLength(7);
  });

  it('loads the examples of lists', async () => {
    const file = readFileSync(new URL('../../examples/config/list.yml', import.meta.url), 'utf8');
    const inputs = await loadTestInputs({ engine: 'registry' }, file);
    expect(show(inputs)).toContain(
      'ghcr.io/octo-org ← registry.k8s.io/pause 3.10 as pause,mirrored-pause all',
    );
    expect(inputs.metadata.manifestPath).toBe('{target}/{registry}/{namespace}.json');
  });
});
