import { createHash } from 'node:crypto';
import type { BundledPackage } from '../dist/packages.ts';

interface Described {
  /** `1.2.3` */
  readonly version: string;
  /** SHA of the commit that is released. */
  readonly commit: string;
  /** When it was committed, in ISO 8601. */
  readonly date: string;
}

/**
 * What dist/ bundles, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/). The same commit and packages give the same
 * bytes: it says when the commit was made, not when it was written.
 */
export function describeBundle(
  { version, commit, date }: Described,
  packages: readonly BundledPackage[],
): string {
  const purl = `pkg:github/gcrxio/sync-action@v${version}`;
  const components = packages.map(componentOf);
  const content = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: new Date(date).toISOString(),
      component: {
        type: 'application',
        'bom-ref': purl,
        name: 'sync-action',
        group: 'gcrxio',
        version,
        purl,
        licenses: [{ expression: 'Apache-2.0' }],
        externalReferences: [{ type: 'vcs', url: `https://github.com/gcrxio/sync-action/tree/${commit}` }],
      },
    },
    components,
    // Bundled into one program: that it holds all of them is all that is said.
    dependencies: [{ ref: purl, dependsOn: components.map((component) => component['bom-ref']) }],
  };
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(content))}`;
  return `${JSON.stringify({ ...content, serialNumber }, null, 2)}\n`;
}

interface Component {
  readonly type: 'library';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly group?: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: { readonly expression: string }[];
  readonly hashes?: { readonly alg: string; readonly content: string }[];
}

function componentOf({ name, version, licence, integrity }: BundledPackage): Component {
  const [scope, bare] = name.startsWith('@') ? name.split('/') : [undefined, name];
  const purl = purlOf(name, version);
  return {
    type: 'library',
    'bom-ref': purl,
    ...(scope !== undefined && { group: scope }),
    name: bare ?? name,
    version,
    purl,
    ...(licence !== undefined && { licenses: [{ expression: licence }] }),
    ...(integrity !== undefined && { hashes: [hashOf(integrity)] }),
  };
}

/** `@` of a scope is escaped: https://github.com/package-url/purl-spec/blob/main/types/npm-definition.json */
function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** `sha512-…` in base64, as https://www.w3.org/TR/SRI/ has it. */
function hashOf(integrity: string): { alg: string; content: string } {
  const [, bits = '', base64 = ''] = /^sha(256|384|512)-(\S+)/.exec(integrity) ?? [];
  if (base64 === '') throw new Error(`package-lock.json has an integrity of unknown form: ${integrity}`);
  return { alg: `SHA-${bits}`, content: Buffer.from(base64, 'base64').toString('hex') };
}

/** A UUID of version 8, RFC 9562: 122 bits of the content's hash. */
function uuidOf(content: string): string {
  const hex = createHash('sha256').update(content).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0b0011) | 0b1000).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
