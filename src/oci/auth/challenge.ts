import { splitScopes } from './scopes.ts';

/** What a registry demands in `WWW-Authenticate`. https://www.rfc-editor.org/rfc/rfc9110#field.www-authenticate */
export type Challenge = { readonly scheme: 'basic' } | BearerChallenge;

export interface BearerChallenge {
  readonly scheme: 'bearer';
  /** The token service. */
  readonly realm: URL;
  readonly service: string | undefined;
  /** The scopes that the registry demands, if it names any. */
  readonly scopes: readonly string[];
}

/**
 * The first challenge of a header that a registry client can answer: Bearer before Basic, whatever their order.
 * Undefined when there is none, or when its realm is not an http(s) URL.
 */
export function parseChallenge(header: string): Challenge | undefined {
  const challenges = splitChallenges(header);
  for (const { scheme, params } of challenges) {
    if (scheme !== 'bearer') continue;
    const realm = URL.parse(params.get('realm') ?? '');
    if (realm && /^https?:$/.test(realm.protocol)) {
      const scopes = splitScopes(params.get('scope') ?? '');
      return { scheme: 'bearer', realm, service: params.get('service'), scopes };
    }
  }
  return challenges.some(({ scheme }) => scheme === 'basic') ? { scheme: 'basic' } : undefined;
}

interface RawChallenge {
  scheme: string;
  params: Map<string, string>;
}

/** A token with its `=` and value (quoted or bare), or a token alone, which starts a challenge. */
const PART = /([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?[\s,]*/y;

/** A registry's challenges take a few hundred characters; what lies beyond this limit is ignored. */
const MAX_HEADER_LENGTH = 8192;

function splitChallenges(header: string): RawChallenge[] {
  const challenges: RawChallenge[] = [];
  const text = header.slice(0, MAX_HEADER_LENGTH).trim();
  PART.lastIndex = 0;
  for (let match = PART.exec(text); match; match = PART.exec(text)) {
    const [, token = '', quoted, bare] = match;
    const value = quoted?.replace(/\\(.)/g, '$1') ?? bare;
    if (value === undefined) challenges.push({ scheme: token.toLowerCase(), params: new Map() });
    else challenges.at(-1)?.params.set(token.toLowerCase(), value);
  }
  return challenges;
}
