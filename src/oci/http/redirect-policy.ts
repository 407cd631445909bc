import { BlockList, isIP } from 'node:net';

/**
 * Where a registry's response may send the client. Responses are hostile input: a `Location` or realm must not make a runner
 * send requests to its own network.
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
 * Addresses of private networks, and those that a gateway may translate into one of them (NAT64, 6to4).
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

/** Top-level names that do not exist in the public DNS. https://www.rfc-editor.org/rfc/rfc6762#appendix-G, Kubernetes, RFC 8375 */
const INSIDE_NAMES = /\.(?:local|internal|intranet|private|corp|home|lan|svc|home\.arpa)$/;

/** A list of subnets that also matches IPv4 addresses in their IPv6 form (`::ffff:10.0.0.1`). */
function blockList(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', prefix] = subnet.split('/');
    list.addSubnet(network, Number(prefix), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** Where a host is, as seen from the runner. */
type Place = 'public' | 'inside' | 'loopback' | 'link';

/** @param hostname as URLs have it: lower case, addresses in their canonical form, IPv6 in brackets */
function placeOf(hostname: string): Place {
  const bare = hostname.replace(/^\[|\]$|\.$/g, '');
  const version = isIP(bare);
  if (version === 0) {
    if (bare === 'localhost' || bare.endsWith('.localhost')) return 'loopback';
    // The network's own search domains complete a name of one label.
    return !bare.includes('.') || INSIDE_NAMES.test(bare) ? 'inside' : 'public';
  }
  const family = version === 6 ? 'ipv6' : 'ipv4';
  if (LOOPBACK.check(bare, family)) return 'loopback';
  if (LINK.check(bare, family)) return 'link';
  return INSIDE.check(bare, family) ? 'inside' : 'public';
}

/** True for hosts that only exist inside a private network: loopback, private, link-local, unique local. */
export function isPrivateHost(hostname: string): boolean {
  return placeOf(hostname) !== 'public';
}

const NONE: ReadonlySet<string> = new Set();

/** Says what to do about a host that only exists inside a private network. */
const TRUST_IT = 'If this runner may send requests there, add the host to the input "trusted-hosts"';
/** Says what to do about a registry behind a proxy that ends TLS. */
const FORWARD_PROTO =
  'A proxy in front of a registry that ends TLS must set X-Forwarded-Proto; docker-registry can also be set to ' +
  '"relativeurls: true"';

/**
 * Why a request to `from` must not continue at `to`, as words that follow "which"; undefined when it may. Never from https to
 * http, never from a public host to a private one, to loopback only from loopback, and never to a link-local address of
 * another host.
 *
 * @param trusted private hosts that the user allows, as hostname or with port; link-local addresses stay forbidden
 */
export function whyNotFollow(from: URL, to: URL, trusted: ReadonlySet<string> = NONE): string | undefined {
  if (!/^https?:$/.test(to.protocol)) return 'is not an http(s) URL';
  if (from.protocol === 'https:' && to.protocol !== 'https:') return `is not encrypted. ${FORWARD_PROTO}`;
  if (from.host === to.host) return undefined;
  const place = placeOf(to.hostname);
  if (place === 'link') return 'is a link-local address or a metadata service';
  if (place === 'public' || trusted.has(to.host) || trusted.has(to.hostname)) return undefined;
  const isAllowed =
    place === 'loopback' ? placeOf(from.hostname) === 'loopback' : isPrivateHost(from.hostname);
  return isAllowed ? undefined : `is inside a private network. ${TRUST_IT}`;
}

/** True when a request to `from` may continue at `to`. */
export function mayFollow(from: URL, to: URL, trusted?: ReadonlySet<string>): boolean {
  return whyNotFollow(from, to, trusted) === undefined;
}

/**
 * Why the credentials of `registry` must not be sent to the token service at `realm`, as words that follow "which";
 * undefined when they may. A registry that is reached over https may name any https token service that may be followed to:
 * under TLS only the registry itself can name it, and it could as well demand the credentials with Basic. A challenge that
 * came over plain http may have been changed on the way: the token service must be on the same host or under the same parent
 * domain (`registry.corp.internal` and `auth.corp.internal`).
 */
export function whyNoCredentials(
  registry: URL,
  realm: URL,
  trusted: ReadonlySet<string> = NONE,
): string | undefined {
  const refusal = whyNotFollow(registry, realm, trusted);
  if (refusal !== undefined) return refusal;
  if (registry.hostname === realm.hostname || registry.protocol === 'https:') return undefined;
  if (trusted.has(realm.host) || trusted.has(realm.hostname)) return undefined;
  if (isPrivateHost(registry.hostname) && realm.protocol !== 'https:') return 'is not encrypted';
  if (isUnderParentOf(registry.hostname, realm.hostname)) return undefined;
  return 'is on another domain, and the registry is not encrypted';
}

/** True when the credentials of `registry` may be sent to the token service at `realm`. */
export function mayHaveCredentials(registry: URL, realm: URL, trusted?: ReadonlySet<string>): boolean {
  return whyNoCredentials(registry, realm, trusted) === undefined;
}

function isUnderParentOf(registry: string, realm: string): boolean {
  // An address has no parent domain.
  if (isIP(registry.replace(/^\[|\]$/g, '')) !== 0) return false;
  const labels = registry.split('.');
  const parent = labels.length > 2 ? labels.slice(1).join('.') : registry;
  return realm === parent || realm.endsWith(`.${parent}`);
}
