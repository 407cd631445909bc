import { expect, it } from 'vitest';
import { joinLists } from '../../../src/inputs/join-lists.ts';
import type { ListedImage } from '../../../src/inputs/list-settings.ts';
import { InputReader } from '../../../src/inputs/reader.ts';
import type { ListedImageSettings, NamespaceSettings } from '../../../src/mirror/settings.ts';

const NAMESPACE = { registry: 'quay.io', path: 'x' };
const ONE = { registry: 'ghcr.io', path: 'a' };
const OTHER = { registry: 'docker.io', path: 'b' };

const REST = { platforms: 'all', referrers: false, filters: { include: [], exclude: [] } } as const;
const whole = (target = ONE): NamespaceSettings => ({
  namespace: NAMESPACE,
  target,
  targetName: '{image}',
  ...REST,
});
const image: ListedImageSettings = { image: 'y', references: [{ tag: 'v1' }], names: ['{image}'], ...REST };
const listed = (target = ONE): ListedImage => ({ namespace: NAMESPACE, target, settings: image });

it('joinLists puts images into the settings of their namespace and target', () => {
  const reader = new InputReader(() => '');
  const settingsOf = ({ target }: Pick<NamespaceSettings, 'target'>): NamespaceSettings => whole(target);
  expect(joinLists(reader, [whole()], [listed(), listed(OTHER)], settingsOf)).toEqual([
    { ...whole(), list: [image] },
    { ...whole(OTHER), list: [image], isListOnly: true },
  ]);
  expect(joinLists(reader, [whole()], [], settingsOf)).toEqual([whole()]);
  expect(() => reader.finish()).not.toThrow();
});

it('joinLists reports one tag with two sets of platforms', () => {
  const reader = new InputReader(() => '');
  const arm: ListedImage = { ...listed(), settings: { ...image, platforms: ['linux/arm64'] } };
  joinLists(reader, [], [listed(), arm], () => whole());
  expect(() => reader.finish()).toThrow(/images: "quay.io\/x\/y" is named twice with v1/);
});
