/**
 * The target of a `Link` header's `rel="next"`, resolved against the URL that answered. Undefined when there is
 * none, or it leaves the host that answered: pages stay on the same host.
 * https://www.rfc-editor.org/rfc/rfc8288#section-3
 */
export function nextPage(header: string | undefined, base: URL): URL | undefined {
  if (header === undefined) return undefined;
  for (const [, target = '', params = ''] of header.matchAll(/<([^<>]*)>([^<]*)/g)) {
    if (!/;\s*rel\s*=\s*"?(?:[^";,]*\s)?next(?=[\s";,]|$)/i.test(params)) continue;
    const next = URL.parse(target, base.href);
    return next && next.host === base.host && next.protocol === base.protocol ? next : undefined;
  }
  return undefined;
}
