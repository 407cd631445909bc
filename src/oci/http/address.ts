/** A path, perhaps with a query, that a URL would leave as it is. */
const PLAIN_PATH = /^\/(?!\/)[\w\-.~/:@]*(?:\?[\w\-.~/:@%&+,=]+)?$/;

/**
 * Where a request is sent, in the parts that sending needs. A URL object is only made of it where one is needed, for a message or to
 * resolve a `Location`: making it takes as long as a tenth of a small request.
 */
export class Address {
  /** Scheme, host and port, as in `URL.origin`. */
  readonly origin: string;
  /** With its port, unless that is the usual one of its scheme. */
  readonly host: string;
  /** Path and query. */
  readonly path: string;
  #url: URL | undefined;

  private constructor(origin: string, host: string, path: string, url?: URL) {
    this.origin = origin;
    this.host = host;
    this.path = path;
    this.#url = url;
  }

  static of(url: URL): Address {
    return new Address(url.origin, url.host, url.pathname + url.search, url);
  }

  /** `to` at the same origin if it is a path; a URL as it is. */
  at(to: string | URL): Address {
    if (to instanceof URL) return Address.of(to);
    return PLAIN_PATH.test(to) && !to.includes('/.')
      ? new Address(this.origin, this.host, to)
      : Address.of(new URL(to, this.origin));
  }

  get url(): URL {
    return (this.#url ??= new URL(this.origin + this.path));
  }
}
