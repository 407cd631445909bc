/**
 * The target of a `Location` header, resolved against the URL that answered; undefined when it is malformed.
 *
 * A registry behind a proxy that ends TLS often does not know its own origin, and names itself with `http:`, without its port
 * or with an inner port. The same host then means the origin that answered: the port that answers is the one that clients reach.
 * https://github.com/distribution/distribution/issues/996
 */
export function resolveLocation(location: string, from: URL): URL | undefined {
  // Some leave out the scheme of their own host.
  const absolute = location.startsWith(`${from.host}/`) ? `${from.protocol}//${location}` : location;
  const to = URL.parse(absolute, from.href);
  if (!to) return undefined;
  return to.hostname === from.hostname && isMisnamed(from, to) ? new URL(to.pathname + to.search, from) : to;
}

/** True when `to`, on the host of `from`, is most likely meant to be at the origin of `from`. */
function isMisnamed(from: URL, to: URL): boolean {
  const isApi = to.pathname.startsWith('/v2/');
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    return isApi || to.port === '' || to.port === from.port;
  }
  return isApi && to.protocol === from.protocol && to.port === '';
}
