import { expect, it } from 'vitest';
import { loadTestInputs } from '../../support/fixtures/inputs.ts';

const load = async (...entries: string[]): Promise<unknown> =>
  loadTestInputs({}, `{ defaults: { target: ghcr.io/a }, images: [${entries.join(', ')}] }`);

it('refuses one tag under one name with two sets of platforms', async () => {
  const [all, arm] = ['{ source: "nginx:1" }', '{ source: "nginx:1", platforms: linux/arm64 }'];
  await expect(load(all, arm)).rejects.toThrow(
    /images: docker.io\/library\/nginx is named twice with 1, with different platforms and one name/,
  );
  await load(all, all);
  await load(all, '{ source: "nginx:1", platforms: linux/arm64, name: nginx-arm }');
  await load(all, '{ source: "nginx:2", platforms: linux/arm64 }');
  await load(all, '{ source: "nginx:1", platforms: linux/arm64, target: ghcr.io/b }');
});
