import { BlockList, isIP } from 'node:net';

/**
 * Which other places a registry's answer may send the client to. Answers are hostile input: a `Location`, `Link`
 * or realm must not make a runner talk to its own network, and no credential follows to a stranger.
 */

const LOOPBACK = blockList(['0.0.0.0/8', '127.0.0.0/8', '::/127']);

/** Link-local addresses, and the others at which clouds (AWS, Alibaba, Azure) give a machine its credentials. */
const LINK = blockList([
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::254/128',
  '100.100.100.200/32',
  '168.63.129.16/32',
]);

/**
 * Addresses inside somebody's network, and what a gateway may translate into one of those (NAT64, 6to4).
 * https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const INSIDE = blockList([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2002::/16',
  'fc00::/7',
]);

/** Top-level names that the public DNS does not have. https://www.rfc-editor.org/rfc/rfc6762#appendix-G, Kubernetes, RFC 8375 */
const INSIDE_NAMES = /\.(?:local|internal|intranet|private|corp|home|lan|svc|home\.arpa)$/;

/** A list that knows IPv4 addresses in their IPv6 form (`::ffff:10.0.0.1`) too. */
function blockList(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', prefix] = subnet.split('/');
    list.addSubnet(network, Number(prefix), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** Where a host is, seen from the runner. */
type Place = 'public' | 'inside' | 'loopback' | 'link';

/** @param hostname as an URL has it: lower case, addresses in their one form, IPv6 in brackets */
function placeOf(hostname: string): Place {
  const bare = hostname.replace(/^\[|\]$|\.$/g, '');
  const version = isIP(bare);
  if (version === 0) {
    if (bare === 'localhost' || bare.endsWith('.localhost')) return 'loopback';
    // A name of one label is completed by the network's own search domains.
    return !bare.includes('.') || INSIDE_NAMES.test(bare) ? 'inside' : 'public';
  }
  const family = version === 6 ? 'ipv6' : 'ipv4';
  if (LOOPBACK.check(bare, family)) return 'loopback';
  if (LINK.check(bare, family)) return 'link';
  return INSIDE.check(bare, family) ? 'inside' : 'public';
}

/** True for hosts that only exist inside somebody's network: loopback, private, link-local, unique local. */
export function isPrivateHost(hostname: string): boolean {
  return placeOf(hostname) !== 'public';
}

/**
 * True when a request to `from` may go on at `to`: never from https to http, never from a public host to a private
 * one, to loopback only from there, and from nowhere to a link-local address.
 */
export function mayFollow(from: URL, to: URL): boolean {
  if (!/^https?:$/.test(to.protocol)) return false;
  if (from.protocol === 'https:' && to.protocol !== 'https:') return false;
  if (from.host === to.host) return true;
  const place = placeOf(to.hostname);
  if (place === 'loopback') return placeOf(from.hostname) === 'loopback';
  return place === 'public' || (place === 'inside' && isPrivateHost(from.hostname));
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
