/**
 * The target of a `Link` header's `rel="next"`, resolved against the URL that answered; undefined when there is none. Pages
 * stay on the host that answered. A registry behind a proxy may name itself with `http:`, or by a name that only the proxy
 * knows; if that link were ignored, the list would be cut short in silence.
 * https://www.rfc-editor.org/rfc/rfc8288#section-3
 */
export function nextPage(header: string | undefined, base: URL): URL | undefined {
  if (header === undefined) return undefined;
  for (const [, target = '', params = ''] of header.matchAll(/<([^<>]*)>([^<]*)/g)) {
    const [, relations = ''] = /;\s*rel\s*=\s*"?([^";,]*)/i.exec(params) ?? [];
    if (!relations.toLowerCase().split(/\s+/).includes('next')) continue;
    const next = URL.parse(target, base.href);
    if (!next || !/^https?:$/.test(next.protocol)) return undefined;
    const page = new URL(base);
    page.pathname = next.pathname;
    page.search = next.search;
    return page;
  }
  return undefined;
}
