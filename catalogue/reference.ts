/** A reference to an image: `gcr.io/distroless/base:debug`, `…@sha256:…`. */
export interface Reference {
  /** The repository, with its registry: `gcr.io/distroless/base`. */
  readonly ref: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** Splits a reference as docker does: what follows the last `:` after the last `/` is the tag. */
export function parseReference(text: string): Reference {
  const [name = '', digest] = text.split('@', 2);
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const tag = hasTag ? name.slice(colon + 1) : '';
  return {
    ref: hasTag ? name.slice(0, colon) : name,
    ...(tag !== '' && { tag }),
    ...(digest !== undefined && digest !== '' && { digest }),
  };
}

/** The complete name of a repository. `nginx` is `docker.io/library/nginx`, as for docker. */
export function completeName(ref: string): string {
  const [first = '', ...rest] = ref.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (!hasHost) return rest.length === 0 ? `docker.io/library/${ref}` : `docker.io/${ref}`;
  const path = rest.join('/');
  if (first === 'index.docker.io' || first === 'registry-1.docker.io' || first === 'docker.io')
    return `docker.io/${rest.length === 1 ? 'library/' : ''}${path}`;
  return `${first}/${path}`;
}

/** Where the page is. */
export type Route =
  | { readonly kind: 'home'; readonly query?: string }
  | { readonly kind: 'setup' | 'check' }
  | ({
      readonly kind: 'image';
      /** Where the image is kept, if that is in several places: `docker.io/gcrxio/base`. */
      readonly at?: string;
    } & Reference);

/** Reads the part of the page's address behind `#`. */
export function parseRoute(hash: string): Route {
  const text = decode(hash.replace(/^#/, ''));
  if (text === 'setup' || text === 'check') return { kind: text };
  if (text.startsWith('/') && text.length > 1) {
    const [reference = '', at] = text.slice(1).split('?at=', 2);
    return { kind: 'image', ...parseReference(reference), ...(at !== undefined && { at }) };
  }
  const query = text.startsWith('?q=') ? text.slice('?q='.length) : '';
  return query === '' ? { kind: 'home' } : { kind: 'home', query };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The address of an image, or of one of its tags.
 *
 * @param at the name at the mirror, where the image is kept in several places
 */
export function linkTo(ref: string, tag?: string, at?: string): string {
  return `#/${ref}${tag === undefined ? '' : `:${tag}`}${at === undefined ? '' : `?at=${at}`}`;
}
