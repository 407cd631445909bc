import { isIP, isIPv4, isIPv6 } from 'node:net';
import { isLoopback } from './names.ts';

/**
 * Which other places a registry's answer may send the client to. Answers are hostile input: a `Location`, `Link`
 * or realm must not make a runner talk to its own network, and no credential follows to a stranger.
 */

/** True for addresses that only exist inside somebody's network: loopback, private, link-local, unique local. */
export function isPrivateHost(hostname: string): boolean {
  if (isLoopback(hostname)) return true;
  const bare = hostname.replace(/^\[|\]$/g, '');
  if (isIPv4(bare)) {
    const [a = 0, b = 0] = bare.split('.').map(Number);
    return (
      a === 0 ||
      a === 10 ||
      a === 127 ||
      (a === 100 && b >= 64 && b < 128) ||
      (a === 169 && b === 254) ||
      (a === 172 && b >= 16 && b < 32) ||
      (a === 192 && b === 168)
    );
  }
  if (isIPv6(bare)) return /^(?:::|f[cd]|fe[89ab])/i.test(bare);
  return bare.endsWith('.local') || bare.endsWith('.internal') || bare.endsWith('.localhost');
}

/**
 * True when a request to `from` may go on at `to`: never from https to http, never from a public host to a
 * private one.
 */
export function mayFollow(from: URL, to: URL): boolean {
  if (!/^https?:$/.test(to.protocol)) return false;
  if (from.protocol === 'https:' && to.protocol !== 'https:') return false;
  return from.host === to.host || !isPrivateHost(to.hostname) || isPrivateHost(from.hostname);
}

/**
 * True when the token service at `realm` may be given the credentials of `registry`: it is on the same host, or
 * under the same parent domain (`registry-1.docker.io` and `auth.docker.io`; `registry.gitlab.com` and
 * `gitlab.com`), and is not reached with less protection than the registry.
 */
export function mayHaveCredentials(registry: URL, realm: URL): boolean {
  if (!mayFollow(registry, realm)) return false;
  if (registry.hostname === realm.hostname) return true;
  if (isPrivateHost(registry.hostname) && realm.protocol !== 'https:') return false;
  // An address has no parent domain.
  if (isIP(registry.hostname.replace(/^\[|\]$/g, '')) !== 0) return false;
  const labels = registry.hostname.split('.');
  const parent = labels.length > 2 ? labels.slice(1).join('.') : registry.hostname;
  return realm.hostname === parent || realm.hostname.endsWith(`.${parent}`);
}
