// src/oci/names.ts
/**
* Names as the distribution specification allows them. Each name from a registry, a namespace manifest or an input passes
* one of these checks before it becomes part of a URL, a path or an argument.
* https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
*/
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/;
/** Implementations limit host and repository together to 255 characters (specification, "Pulling manifests"). */
const MAX_NAME_LENGTH = 255;
function isRepositoryName(text) {
	return text.length <= MAX_NAME_LENGTH && REPOSITORY.test(text);
}
function isTag(text) {
	return TAG.test(text);
}
/**
* True for a registry host with an optional port: `gcr.io`, `localhost:5000`, `[::1]:5000`. It must be in the form that
* URLs have: the credentials of `0x7f.1` would be looked up by that name, but sent to 127.0.0.1.
*/
function isRegistryHost(text) {
	if (text.length > MAX_NAME_LENGTH || !HOST.test(text)) return false;
	return URL.parse(`https://${text}`)?.hostname === text.replace(/:[0-9]+$/, "");
}
/**
* True when the first component of a reference is a registry host and not part of the path: it has a dot or a port, or is
* `localhost`. https://github.com/distribution/reference/blob/v0.6.0/normalize.go
*/
function looksLikeHost(component) {
	return component === "localhost" || /[.:]/.test(component);
}
const DOCKER_HUB_ALIASES = /* @__PURE__ */ new Set([
	"docker.io",
	"index.docker.io",
	"registry-1.docker.io"
]);
/** The one name of each registry: Docker Hub's aliases become `docker.io`, letters become lower case. */
function canonicalHost(host) {
	const lower = host.toLowerCase();
	return DOCKER_HUB_ALIASES.has(lower) ? "docker.io" : lower;
}
/** The host of the registry's API. Only Docker Hub's differs from its name. */
function apiHost(registry) {
	return registry === "docker.io" ? "registry-1.docker.io" : registry;
}
/** True for `localhost`, 127.0.0.0/8 and `[::1]`, with or without a port. */
function isLoopback(host) {
	const name = host.replace(/:\d+$/, "");
	return name === "localhost" || name === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(name);
}
/** False for Docker Hub and Quay: they only accept `namespace/name`, and nested names must be flattened for them. */
function canNest(registry) {
	return registry !== "docker.io" && registry !== "quay.io";
}

export { isRegistryHost as a, looksLikeHost as c, isLoopback as i, canNest as n, isRepositoryName as o, canonicalHost as r, isTag as s, apiHost as t };