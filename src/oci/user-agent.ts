/** The version in package.json. */
const VERSION = '1.0.0';

/**
 * How every request names the action. Registries refuse clients without a name (Wikimedia, AWS WAF, Docker Hub's Cloudflare),
 * and their operators need an address for complaints.
 */
export const USER_AGENT = `gcrxio-sync-action/${VERSION} (+https://github.com/gcrxio/sync-action)`;
