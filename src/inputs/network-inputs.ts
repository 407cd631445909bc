import { canonicalHost, isRegistryHost } from '../oci/names.ts';
import type { InputSource } from './input-source.ts';
import { type InputReader, show } from './reader.ts';

/** Proxies by the scheme of the request, and the hosts that need none. */
export interface ProxyInputs {
  readonly http?: string;
  readonly https?: string;
  readonly none?: string;
}

/** The proxies of the input `proxy`, or else of the environment; passwords in them are masked. */
export function readProxy(reader: InputReader, { env, mask }: InputSource): ProxyInputs {
  const given = reader.optional('proxy');
  const https = given ?? (env['HTTPS_PROXY'] || env['https_proxy']);
  const http = given ?? (env['HTTP_PROXY'] || env['http_proxy']);
  const none = env['NO_PROXY'] || env['no_proxy'];
  for (const text of new Set([https, http])) {
    if (!text) continue;
    const url = URL.parse(text);
    if (url?.password) maskPassword(url.password, mask);
    // The value is not shown: it may hold a password.
    if (!url || !/^https?:$/.test(url.protocol)) {
      reader.problem(
        'proxy',
        'the proxy (input, HTTPS_PROXY or HTTP_PROXY) is not an http:// or https:// URL',
      );
    }
  }
  return { ...(http && { http }), ...(https && { https }), ...(none && { none }) };
}

/** Masks both forms: as the URL has it, and as it is sent. */
function maskPassword(password: string, mask: (secret: string) => void): void {
  mask(password);
  try {
    mask(decodeURIComponent(password));
  } catch {
    // A "%" that escapes nothing: the password has no other form.
  }
}

/** The hosts of a list, in the form in which they are looked up. */
export function readHosts(reader: InputReader, name: string): Set<string> {
  const hosts = reader.list(name).map((host) => canonicalHost(host));
  for (const host of hosts) {
    if (!isRegistryHost(host))
      reader.problem(name, `${show(host)} is not a host such as registry.example:5000`);
  }
  return new Set(hosts);
}
