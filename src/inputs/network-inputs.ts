import { canonicalHost, isRegistryHost } from '../oci/names.ts';
import type { InputSource } from './input-source.ts';
import { type InputReader, show } from './reader.ts';

/** Proxies by the scheme of the request, and the hosts that need none. */
export interface ProxyInputs {
  readonly http?: string;
  readonly https?: string;
  readonly none?: string;
}

/** Where the proxy of each scheme may be named, in the order of precedence. */
const VARIABLES = {
  https: ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'],
  http: ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'],
} as const;

/**
 * Reads the proxies of the input `proxy`, or else of the environment, and masks passwords in them. As in curl, a proxy
 * without a scheme is an `http://` one, and `ALL_PROXY` is for schemes without a variable of their own.
 * https://curl.se/docs/manpage.html#ENVIRONMENT
 */
export function readProxy(reader: InputReader, { env, mask }: InputSource): ProxyInputs {
  const given = reader.optional('proxy');
  const urls = new Map<string, string>();
  const read = (scheme: keyof typeof VARIABLES): string | undefined => {
    const name = given === undefined ? VARIABLES[scheme].find((variable) => env[variable]) : 'this input';
    if (name === undefined) return undefined;
    const url = urls.get(name) ?? checkProxy(reader, name, given ?? env[name] ?? '', mask);
    urls.set(name, url);
    return url;
  };
  const https = read('https');
  const http = read('http');
  const none = env['NO_PROXY'] || env['no_proxy'];
  return {
    ...(http !== undefined && { http }),
    ...(https !== undefined && { https }),
    ...(none && { none }),
  };
}

/**
 * The URL of a proxy. Its problem does not show it, because it may have a password.
 *
 * @param name where it is set
 */
function checkProxy(reader: InputReader, name: string, text: string, mask: (secret: string) => void): string {
  const proxy = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.parse(proxy);
  if (url?.password) maskPassword(url.password, mask);
  if (!url || !/^https?:$/.test(url.protocol)) {
    reader.problem(
      'proxy',
      `the value of ${name} is not the URL of an HTTP proxy, such as http://proxy.example:3128; other proxies, such as ` +
        'SOCKS, are not supported',
    );
  }
  return proxy;
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
