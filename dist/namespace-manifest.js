import { C as custom, D as is, G as safeParse, I as number, L as object, R as optional, T as getDotPath, b as array, c as targetRepository, f as repositoryIn, g as printable, h as messageOf, l as formatNamespace, n as isDigest, q as string, r as isReference, s as USUAL_NAME } from "./digest.js";
import { o as isRepositoryName, s as isTag } from "./names.js";
import { createHash } from "node:crypto";

// src/github/git-blob-sha.ts
/** The SHA of a file of these bytes in git and at GitHub. https://git-scm.com/book/en/v2/Git-Internals-Git-Objects */
function gitBlobSha(bytes) {
	return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

// src/github/write-session.ts
/**
* The state that the writes of one save share. There may be a hundred files: once one was given up, each other file gets a
* single try, until one succeeds. The next save starts with a new state.
*/
var WriteSession = class {
	kind;
	isFailing = false;
	constructor(kind) {
		this.kind = kind;
	}
};

// src/mirror/format.ts
const UNITS = [
	"B",
	"kB",
	"MB",
	"GB",
	"TB",
	"PB"
];
/** `1.2 GB`: decimal units, as registries and disks count. */
function formatBytes(bytes) {
	let power = 0;
	while (power < UNITS.length - 1 && Number(rounded(bytes, power)) >= 1e3) power += 1;
	return `${rounded(bytes, power)} ${UNITS[power]}`;
}
function rounded(bytes, power) {
	const value = bytes / 1e3 ** power;
	return power === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
/** `12 s`, `4 min`, `1 h 12 min`. `ms` is milliseconds. */
function formatDuration(ms) {
	const seconds = Math.round(ms / 1e3);
	if (seconds < 100) return `${seconds} s`;
	const minutes = Math.round(seconds / 60);
	return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
/** `1,461`, independent of the machine's locale, whose data would be loaded for it. */
function formatCount(count) {
	return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}
/** `1 tag`, `1,461 tags`. */
function plural(count, noun) {
	return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

// src/mirror/image-key.ts
/**
* Identifies an image of a namespace at one target: `base`, or `base as mirrored-base` where its repository has another
* name there than the template `{image}` gives. An image with two names has two keys. Records, plans and results go by keys.
*/
const SEPARATOR = " as ";
/** The key of `image` under the name that `template` gives it at `target`. */
function imageKey(template, target, source, image) {
	if (template === "{image}") return image;
	const path = targetRepository(template, target, source, image);
	if (path === targetRepository("{image}", target, source, image)) return image;
	return `${image}${SEPARATOR}${target.path === "" ? path : path.slice(target.path.length + 1)}`;
}
/** The image of a key: the repository's path inside its namespace. */
function imageOf(key) {
	const end = key.indexOf(SEPARATOR);
	return end === -1 ? key : key.slice(0, end);
}
/** The full path of the target's repository for the image of a key. */
function targetPathOf({ namespace, target }, key) {
	const end = key.indexOf(SEPARATOR);
	if (end === -1) return targetRepository(USUAL_NAME, target, namespace, key);
	return repositoryIn(target, key.slice(end + 4));
}
/** True for a key of names that the distribution specification allows. */
function isImageKey(text) {
	return text.split(SEPARATOR, 3).every(isRepositoryName) && text.split(SEPARATOR, 3).length < 3;
}

// src/mirror/record-path.ts
/** The default of the input `manifest-path`, for a mirror with one target. */
const DEFAULT_MANIFEST_PATH = "{registry}/{namespace}.json";
/** Its default for a mirror with several targets: each has namespace manifests of its own. */
const MANIFEST_PATH_PER_TARGET = `{target}/${DEFAULT_MANIFEST_PATH}`;
/**
* The path of a namespace manifest in the metadata repository: `template` with `{registry}` and `{namespace}` of the
* source and `{target}` filled in. By the default template, the path for a namespace without a path is `{registry}.json`.
*/
function recordPath(template, { registry, path }, target) {
	const filled = template.replaceAll("{target}", formatNamespace(target));
	if (path !== "") return filled.replaceAll("{registry}", registry).replaceAll("{namespace}", path);
	return filled.replaceAll("{registry}/{namespace}", "{registry}").replaceAll("{registry}", registry).replaceAll("{namespace}", registry);
}
/** True for a path that stays inside a repository and that git can hold. */
function isRepositoryPath(path) {
	if (path.length > 1024 || /[\p{Cc}\\]/u.test(path)) return false;
	return path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !/^\.git$/i.test(part));
}

// src/oci/digest-tags.ts
/**
* A tag that names the digest of another image: cosign's signatures, attestations and SBOMs, and the list of referrers in
* registries without the referrers API.
* https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery
* https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
*/
const DIGEST_TAG = /^(sha256)-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?$/;
/** The tags under which cosign keeps signature, attestation and SBOM of `digest`. */
function cosignTags(digest) {
	const [algorithm, hex] = digest.split(":");
	return [
		"sig",
		"att",
		"sbom"
	].map((kind) => `${algorithm}-${hex}.${kind}`);
}
/** The digest of the image that `tag` describes; undefined for a tag that is not a digest tag. */
function digestTagSubject(tag) {
	if (!tag.startsWith("sha256-")) return void 0;
	const [, algorithm, hex] = DIGEST_TAG.exec(tag) ?? [];
	return algorithm === void 0 || hex === void 0 ? void 0 : `sha256:${hex}`;
}
/**
* In registries without the referrers API, clients keep the list of a manifest's referrers as an index under a tag.
* https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
*/
/** The tag of the list of referrers of `digest`. */
function referrersTag(digest) {
	const [algorithm = "", encoded = ""] = digest.split(":");
	return `${algorithm}-${encoded.slice(0, 64)}`;
}
/** The digest whose referrers are listed under `tag`; undefined for any other tag. */
function referrersTagSubject(tag) {
	const digest = tag.replace("-", ":");
	return tag.startsWith("sha256-") && isDigest(digest) ? digest : void 0;
}
function isReferrersTag(tag) {
	return referrersTagSubject(tag) !== void 0;
}

// src/mirror/record-entry.ts
/** Sets one entry of `images`. */
function setEntry(images, image, tag, entry) {
	const entries = images.get(image);
	if (entries) entries.set(tag, entry);
	else images.set(image, /* @__PURE__ */ new Map([[tag, entry]]));
}
/** Number of tags in `images`. */
function countEntries(images) {
	return Array.from(images.values()).reduce((sum, { size }) => sum + size, 0);
}
/** `entry` as one line of JSON. */
function serializeEntry(entry) {
	if (entry === null || typeof entry === "string") return JSON.stringify(entry);
	const { digest, target, platforms } = entry;
	return `{ "digest": "${digest}", "target": "${target}"${platforms ? `, "platforms": [${platforms.map((platform) => JSON.stringify(platform)).join(", ")}]` : ""} }`;
}
/**
* Merges tag by tag: the entry of `delta` wins, except that an unknown digest never replaces a known one.
*
* @returns `base` itself when nothing changes
*/
function mergeImages(base, delta) {
	return mergeWhere(base, delta, isChange);
}
/**
* Restores the entries of tags whose digest is unknown; other tags have been recorded since and stay as they are.
*
* @returns `base` itself when nothing changes
*/
function restoreEntries(base, entries) {
	return mergeWhere(base, entries, (known) => known === null);
}
/** Replaces the entry of each tag in `entries` with null: its digest is unknown. */
function forgetEntries(base, entries) {
	const unknown = (tags) => new Map(Array.from(tags.keys(), (tag) => [tag, null]));
	return mergeWhere(base, new Map(Array.from(entries, ([image, tags]) => [image, unknown(tags)])), () => true);
}
function mergeWhere(base, delta, isWanted) {
	let merged;
	for (const [image, entries] of delta) {
		const before = base.get(image) ?? /* @__PURE__ */ new Map();
		const changes = Array.from(entries).filter(([tag, entry]) => isWanted(before.get(tag), entry));
		if (changes.length === 0) continue;
		merged ??= new Map(base);
		merged.set(image, new Map([...before, ...changes]));
	}
	return merged ?? base;
}
/**
* Removes the entries of `removed` that have not changed since: another job may have mirrored a tag meanwhile.
*
* @returns `base` itself when nothing changes
*/
function removeEntries(base, removed) {
	let left;
	for (const [image, entries] of removed) {
		const before = base.get(image) ?? /* @__PURE__ */ new Map();
		const stays = ([tag, entry]) => {
			const other = entries.get(tag);
			return other === void 0 || serializeEntry(other) !== serializeEntry(entry);
		};
		const kept = Array.from(before).filter(stays);
		if (kept.length === before.size) continue;
		left ??= new Map(base);
		if (kept.length > 0) left.set(image, new Map(kept));
		else left.delete(image);
	}
	return left ?? base;
}
function isChange(known, entry) {
	if (known === void 0) return true;
	return entry !== null && (known === null || serializeEntry(known) !== serializeEntry(entry));
}
/** True when, by `entry`, the target has `digest` under `tag` as the settings want it: with at least these platforms. */
function holds(tag, entry, digest, wanted) {
	if (typeof entry === "string") return entry === digest;
	if (entry.digest !== digest) return false;
	const { platforms } = entry;
	if (platforms === void 0) {
		const isSameImage = digestTagSubject(tag) !== void 0 || algorithmOf(entry.target) !== algorithmOf(digest);
		return !wanted.referrers || isSameImage;
	}
	return wanted.platforms !== "all" && wanted.platforms.every((platform) => platforms.includes(platform));
}
function algorithmOf(digest) {
	return digest.split(":", 1)[0];
}

// src/record/unlogged.ts
function unloggedOf(all) {
	const found = /* @__PURE__ */ new Map();
	for (const { image, added, updated } of all) {
		const tags = found.get(image) ?? /* @__PURE__ */ new Map();
		for (const tag of added) tags.set(tag, "added");
		for (const tag of updated) tags.set(tag, "updated");
		if (tags.size > 0) found.set(image, tags);
	}
	return found;
}
/** The tags by image, sorted, for the changelog. */
function namedTags(unlogged) {
	const tagsOf = (tags, kind) => Array.from(tags).filter(([, one]) => one === kind).map(([tag]) => tag).toSorted();
	return Array.from(unlogged, ([image, tags]) => ({
		image,
		added: tagsOf(tags, "added"),
		updated: tagsOf(tags, "updated")
	})).toSorted((a, b) => a.image < b.image ? -1 : 1);
}
/** @returns `base` itself when nothing changes */
function markUnlogged(base, more) {
	let marked;
	for (const [image, tags] of more ?? []) {
		const known = (marked ?? base)?.get(image);
		const news = Array.from(tags).filter(([tag]) => known?.has(tag) !== true);
		if (news.length === 0) continue;
		marked ??= copyOf(base);
		marked.set(image, new Map([...known ?? [], ...news]));
	}
	return marked ?? base;
}
/** @returns `base` itself when nothing changes */
function unmarkUnlogged(base, tags) {
	let left;
	for (const [image, logged] of tags ?? []) {
		const known = (left ?? base)?.get(image);
		if (!known) continue;
		const kept = Array.from(known).filter(([tag]) => !logged.has(tag));
		if (kept.length === known.size) continue;
		left ??= copyOf(base);
		if (kept.length > 0) left.set(image, new Map(kept));
		else left.delete(image);
	}
	return left ?? base;
}
/** The tags for which `isWanted` holds. */
function filterUnlogged(unlogged, isWanted) {
	const found = /* @__PURE__ */ new Map();
	for (const [image, tags] of unlogged ?? []) {
		const wanted = Array.from(tags).filter(([tag]) => isWanted(image, tag));
		if (wanted.length > 0) found.set(image, new Map(wanted));
	}
	return found;
}
/** The tags of both. */
function joinTags(some, others) {
	const joined = new Map(some);
	for (const [image, tags] of others) joined.set(image, new Map([...joined.get(image) ?? [], ...tags]));
	return joined;
}
/** Tags that earlier runs left unnamed and whose content in the target is known. */
function earlierTags({ unlogged, recorded, adopted }, own) {
	return filterUnlogged(unlogged, (image, tag) => {
		const entry = adopted.get(image)?.get(tag) ?? recorded.images.get(image)?.get(tag);
		return entry !== void 0 && entry !== null || own.get(image)?.has(tag) === true;
	});
}
function copyOf(unlogged) {
	return new Map(Array.from(unlogged ?? [], ([image, tags]) => [image, new Map(tags)]));
}

// src/record/namespace-manifest.ts
/** A namespace manifest can't be used. It must not be overwritten. */
var ManifestError = class extends Error {
	name = "ManifestError";
};
const VERSION = 1;
/** Not `v.record`, which drops keys such as "constructor": a valid name for an image or a tag. */
const ByName = custom((value) => typeof value === "object" && value !== null && !Array.isArray(value), "expected an object");
const Version = object({ version: number() });
const Header = object({
	source: string(),
	target: string(),
	images: ByName,
	unlogged: optional(ByName)
});
/**
* Reads a namespace manifest, or gcrsync's form of it: a sorted array of `image:tag`.
*
* @param expected the file's path, and the source and target that it must name
* @throws ManifestError that names the file, the cause and the remedy
*/
function parseNamespaceManifest(bytes, expected) {
	const { path, source, target } = expected;
	const json = parseJson(bytes, path);
	if (Array.isArray(json)) return {
		source,
		target,
		images: readGcrsync(json, path)
	};
	const { version } = check(Version, json, path);
	if (version !== VERSION) throw new ManifestError(`${path} has version ${version}, and this action reads version ${VERSION}: a newer version of this action wrote it; use that version`);
	const header = check(Header, json, path);
	checkOwner(path, "source", header.source, source);
	checkOwner(path, "target", header.target, target);
	const { images, unlogged } = header;
	return {
		source,
		target,
		images: readImages(images, path),
		...unlogged && { unlogged: readUnlogged(unlogged, path) }
	};
}
function check(schema, json, path) {
	const result = safeParse(schema, json);
	if (result.success) return result.output;
	const [issue] = result.issues;
	throw broken(path, `at ${getDotPath(issue) ?? "its root"}: ${issue.message}`);
}
function parseJson(bytes, path) {
	try {
		return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
	} catch (error) {
		throw broken(path, messageOf(error));
	}
}
function broken(path, cause) {
	return new ManifestError(`${path} can't be read as a namespace manifest: ${printable(cause)}. The file was not changed. Repair it, or restore an earlier commit of it; if you remove it, everything is copied again`);
}
function checkOwner(path, what, found, expected) {
	if (found === expected) return;
	throw new ManifestError(`${path} records the ${what} ${JSON.stringify(found.slice(0, 300))}, but this run has the ${what} ${expected}: give each its own file with "manifest-path" or "metadata-branch", or move the file away`);
}
/** Without a schema, which would take several times as long for 100,000 entries. */
function readImages(images, path) {
	const read = /* @__PURE__ */ new Map();
	for (const [image, tags] of Object.entries(images)) {
		if (!is(ByName, tags)) throw broken(path, `${show(image)} is not an object of tags`);
		const entries = /* @__PURE__ */ new Map();
		for (const tag of Object.keys(tags)) {
			const entry = readEntry(tags[tag]);
			if (entry === void 0 || !isReference(tag)) throw broken(path, `the entry ${show(image)}: ${show(tag)} is not valid`);
			entries.set(tag, entry);
		}
		if (!isImageKey(image)) throw broken(path, `${show(image)} is not the name of an image`);
		read.set(image, entries);
	}
	return read;
}
const Tags = array(custom((value) => typeof value === "string" && isReference(value)));
const UnloggedImage = object({
	added: optional(Tags, []),
	updated: optional(Tags, [])
});
function readUnlogged(images, path) {
	const read = Object.entries(images).map(([image, tags]) => {
		const parsed = safeParse(UnloggedImage, tags, { abortEarly: true });
		if (!isImageKey(image) || !is(ByName, tags) || !parsed.success) throw broken(path, `"unlogged" of ${show(image)} is not valid`);
		return {
			image,
			...parsed.output
		};
	});
	return unloggedOf(read);
}
const EntryObject = object({
	digest: custom((value) => typeof value === "string" && isDigest(value)),
	target: custom((value) => typeof value === "string" && isDigest(value)),
	platforms: optional(array(string()))
});
function readEntry(value) {
	if (value === null) return null;
	if (typeof value === "string") return isDigest(value) ? value : void 0;
	const parsed = safeParse(EntryObject, value, { abortEarly: true });
	if (!parsed.success) return void 0;
	const { digest, target, platforms } = parsed.output;
	return platforms ? {
		digest,
		target,
		platforms
	} : {
		digest,
		target
	};
}
function readGcrsync(lines, path) {
	const images = /* @__PURE__ */ new Map();
	for (const line of lines) {
		const [, image = "", tag = ""] = typeof line === "string" ? /^(.*):(.*)$/.exec(line) ?? [] : [];
		if (!isRepositoryName(image) || !isTag(tag)) throw broken(path, `it is an array, as gcrsync wrote them, but ${typeof line === "string" ? show(line) : `a line of type ${typeof line}`} does not have the form image:tag`);
		setEntry(images, image, tag, null);
	}
	return images;
}
function show(text) {
	return JSON.stringify(text.slice(0, 200));
}
/** The file: keys sorted, one tag per line, a trailing newline, so that a diff of it reads as a changelog. */
function serializeNamespaceManifest({ source, target, images, unlogged = /* @__PURE__ */ new Map() }) {
	const blocks = sorted(images).filter(([, entries]) => entries.size > 0).map(([image, entries]) => {
		const lines = sorted(entries).map(([tag, entry]) => `      ${JSON.stringify(tag)}: ${serializeEntry(entry)}`);
		return `    ${JSON.stringify(image)}: {\n${lines.join(",\n")}\n    }`;
	});
	const body = blocks.length === 0 ? "{}" : `{\n${blocks.join(",\n")}\n  }`;
	const [quotedSource, quotedTarget] = [JSON.stringify(source), JSON.stringify(target)];
	return `{\n  "version": ${VERSION},\n  "source": ${quotedSource},\n  "target": ${quotedTarget},\n  "images": ${body}${unloggedPart(unlogged)}\n}\n`;
}
function unloggedPart(unlogged) {
	return optionalPart("unlogged", namedTags(unlogged).map(({ image, added, updated }) => {
		const parts = [...added.length > 0 ? [`"added": ${JSON.stringify(added)}`] : [], ...updated.length > 0 ? [`"updated": ${JSON.stringify(updated)}`] : []];
		return `    ${JSON.stringify(image)}: { ${parts.join(", ")} }`;
	}));
}
function optionalPart(name, lines) {
	return lines.length === 0 ? "" : `,\n  "${name}": {\n${lines.join(",\n")}\n  }`;
}
/** Sorted by code units, which no locale changes. */
function sorted(map) {
	return Array.from(map).toSorted(([a], [b]) => a < b ? -1 : 1);
}

export { targetPathOf as A, DEFAULT_MANIFEST_PATH as C, imageKey as D, recordPath as E, WriteSession as F, gitBlobSha as I, formatCount as M, formatDuration as N, imageOf as O, plural as P, referrersTagSubject as S, isRepositoryPath as T, setEntry as _, filterUnlogged as a, isReferrersTag as b, namedTags as c, countEntries as d, forgetEntries as f, restoreEntries as g, removeEntries as h, earlierTags as i, formatBytes as j, isImageKey as k, unloggedOf as l, mergeImages as m, parseNamespaceManifest as n, joinTags as o, holds as p, serializeNamespaceManifest as r, markUnlogged as s, ManifestError as t, unmarkUnlogged as u, cosignTags as v, MANIFEST_PATH_PER_TARGET as w, referrersTag as x, digestTagSubject as y };