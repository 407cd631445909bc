import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { BundledPackage } from '../../../scripts/dist/packages.ts';
import { describeBundle } from '../../../scripts/release/sbom.ts';

const integrity = `sha512-${createHash('sha512').update('archive').digest('base64')}`;
const packages: BundledPackage[] = [
  { name: '@actions/core', version: '3.0.1', licence: 'MIT', integrity, bytesByFile: new Map() },
  { name: 'undici', version: '8.13.1', licence: '(MIT OR Apache-2.0)', bytesByFile: new Map() },
  { name: 'undici', version: '6.29.1', bytesByFile: new Map() },
];
const described = { version: '1.2.3', commit: 'c'.repeat(40), date: '2026-11-30T12:00:00+08:00' };

const Sbom = v.looseObject({
  serialNumber: v.string(),
  metadata: v.looseObject({ timestamp: v.string() }),
  components: v.array(v.looseObject({ 'bom-ref': v.string() })),
  dependencies: v.array(v.object({ ref: v.string(), dependsOn: v.array(v.string()) })),
});

function sbom(changed: Partial<typeof described> = {}, of = packages): v.InferOutput<typeof Sbom> {
  return v.parse(Sbom, JSON.parse(describeBundle({ ...described, ...changed }, of)));
}

describe('describeBundle', () => {
  it('names each package by its package URL, with licence and the hash of its archive', () => {
    expect(sbom().components).toEqual([
      {
        type: 'library',
        'bom-ref': 'pkg:npm/%40actions/core@3.0.1',
        group: '@actions',
        name: 'core',
        version: '3.0.1',
        purl: 'pkg:npm/%40actions/core@3.0.1',
        licenses: [{ expression: 'MIT' }],
        hashes: [{ alg: 'SHA-512', content: createHash('sha512').update('archive').digest('hex') }],
      },
      expect.objectContaining({
        'bom-ref': 'pkg:npm/undici@8.13.1',
        licenses: [{ expression: '(MIT OR Apache-2.0)' }],
      }),
      expect.not.objectContaining({ licenses: expect.anything() as unknown }),
    ]);
  });

  it('says that the action depends on all of them, whichever version', () => {
    const { components, dependencies } = sbom();
    expect(dependencies).toEqual([
      { ref: 'pkg:github/gcrxio/sync-action@v1.2.3', dependsOn: components.map((one) => one['bom-ref']) },
    ]);
    expect(new Set(dependencies[0]?.dependsOn).size).toBe(3);
  });

  it('is the same for the same commit, and another for another', () => {
    expect(describeBundle(described, packages)).toBe(describeBundle(described, packages));
    expect(sbom().metadata.timestamp).toBe('2026-11-30T04:00:00.000Z');
    expect(sbom().serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(sbom({ commit: 'd'.repeat(40) }).serialNumber).not.toBe(sbom().serialNumber);
    expect(sbom({}, packages.slice(1)).serialNumber).not.toBe(sbom().serialNumber);
  });

  it('refuses an integrity that it does not know', () => {
    const broken = packages.map((one) => ({ ...one, integrity: 'md5-abc' }));
    expect(() => describeBundle(described, broken)).toThrow('integrity of unknown form: md5-abc');
  });
});
