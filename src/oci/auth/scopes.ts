/** `repository:<name>:<actions>` and the like; some registries name scopes of other forms (`aws`, `*`), which mean nothing here. */
const SCOPE = /^([a-z]+(?:\([a-z]+\))?):(.+):([^:]+)$/;

/** The usable scopes of a challenge's `scope`, which may list several. */
export function splitScopes(scope: string): string[] {
  return scope.split(/\s+/).filter((one) => SCOPE.test(one));
}

/** True when a token for `scopes` allows everything that `wanted` names. */
export function coversScopes(scopes: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((one) => {
    const [, type, name, actions = ''] = SCOPE.exec(one) ?? [];
    return scopes.some((scope) => {
      const [, ownType, ownName, ownActions = ''] = SCOPE.exec(scope) ?? [];
      const own = ownActions.split(',');
      return (
        ownType === type && ownName === name && actions.split(',').every((action) => own.includes(action))
      );
    });
  });
}

/**
 * The scopes to request a token with when one for `scopes` is refused, best first: those of the challenge before ours, then
 * those of the challenge alone. None when the challenge names nothing else. A registry whose names are rewritten on the way
 * knows the repository by another name, and its challenge has that name.
 */
export function otherScopes(scopes: readonly string[], challenged: readonly string[]): (readonly string[])[] {
  // Challenges of the base endpoint and of the catalog name a placeholder: ghcr.io's `repository:user/image:pull`.
  const isAboutRepository = scopes.some((scope) => scope.startsWith('repository:'));
  if (!isAboutRepository || coversScopes(scopes, challenged)) return [];
  return [[...challenged, ...scopes.filter((scope) => !challenged.includes(scope))], challenged];
}
