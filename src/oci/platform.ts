/** The platform of an image, as an index or an image config states it. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | null | undefined;
}

/** Other names of architectures, and the variant that they stand for. */
const ARCHITECTURES: ReadonlyMap<string, { readonly architecture: string; readonly variant?: string }> =
  new Map([
    ['x86_64', { architecture: 'amd64' }],
    ['x86-64', { architecture: 'amd64' }],
    ['i386', { architecture: '386', variant: '' }],
    ['aarch64', { architecture: 'arm64' }],
    ['armhf', { architecture: 'arm', variant: 'v7' }],
    ['armel', { architecture: 'arm', variant: 'v6' }],
  ]);

/** The variants of architectures that are written without one, or that is written when there is none. */
const DEFAULT_VARIANTS: ReadonlyMap<string, { readonly variant: string; readonly isWritten: boolean }> =
  new Map([
    ['amd64', { variant: 'v1', isWritten: false }],
    ['arm64', { variant: 'v8', isWritten: false }],
    ['arm', { variant: 'v7', isWritten: true }],
  ]);

/**
 * The canonical name of a platform, by containerd's rules: `linux/arm64/v8` and `linux/aarch64` are `linux/arm64`, `linux/arm` is
 * `linux/arm/v7`, `linux/amd64/v1` and `linux/x86_64` are `linux/amd64`.
 * https://github.com/containerd/platforms/blob/v1.0.0/database.go
 */
export function canonicalPlatform({ os, architecture, variant }: Platform): string {
  const osName = os.toLowerCase();
  const stated = architecture.toLowerCase();
  const alias = ARCHITECTURES.get(stated);
  const name = alias?.architecture ?? stated;
  const written = withV(alias?.variant ?? (variant ?? '').toLowerCase());
  const byDefault = DEFAULT_VARIANTS.get(name);
  const effective = written === '' && byDefault ? byDefault.variant : written;
  const isImplied = byDefault?.variant === effective && !byDefault.isWritten;
  const parts = [osName === 'macos' ? 'darwin' : osName, name, isImplied ? '' : effective];
  return parts.filter((part) => part !== '').join('/');
}

/** True for the form `os/architecture`, with or without a variant. */
export function isPlatform(text: string): boolean {
  return /^[a-z0-9]+\/[a-z0-9_-]+(?:\/[a-z0-9.]+)?$/i.test(text);
}

/** The platform that `text` names: `linux/arm64/v8`. */
export function parsePlatform(text: string): Platform {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, variant };
}

/** ARM's variants are also written without a `v`: `8`. */
function withV(variant: string): string {
  return /^\d/.test(variant) ? `v${variant}` : variant;
}
