import { G as safeParse, H as record, I as number, J as union, K as strictObject, P as nullable, R as optional, V as pipe, b as array, c as targetRepository, d as parseNamespace, g as printable, h as messageOf, l as formatNamespace, q as string, w as description, x as boolean } from "./digest.js";
import { o as isRepositoryName } from "./names.js";
import { C as listOf, a as readSettings, b as parseReference, c as templateProblem, w as show, x as InputError, y as parseExactReference } from "./settings.js";
import { t as require_dist } from "./dist.js";

// src/inputs/config-images.ts
const FILTER_KEYS = [
	"include",
	"exclude",
	"semver",
	"newer-than",
	"latest"
];
/** Reads the config file's list of images. Problems are left in `file`. */
function readImages(file, entries, read) {
	return entries.flatMap(({ source, tags, name, ...settings }, index) => {
		const at = ["images", index];
		const part = read(settings, at);
		const reference = parseReference(source.trim());
		if (typeof reference === "string") {
			file.problem([...at, "source"], `${show(printable(source))} is not an image reference: ${printable(reference)}`);
			return [];
		}
		const { namespace, image } = reference;
		const references = readReferences(file, at, reference, {
			tags,
			...settings
		});
		const names = name === void 0 ? void 0 : readNames(file, at, textsOf(name), reference);
		return [{
			...part,
			namespace,
			image,
			...references && { references },
			...names && { names }
		}];
	});
}
/** The exact references of an entry; undefined if it has filters. */
function readReferences(file, at, { tag, digest }, entry) {
	const filter = FILTER_KEYS.find((key) => entry[key] !== void 0);
	const isExact = tag !== void 0 || digest !== void 0;
	if (filter !== void 0) {
		if (isExact || entry.tags !== void 0) {
			const exact = isExact ? "a source with a tag or digest" : "exact tags";
			file.problem([...at, filter], `is for an entry without ${exact}: use an entry for each`);
		}
		return;
	}
	if (entry.tags === void 0) return [isExact ? {
		...tag !== void 0 && { tag },
		...digest && { digest }
	} : { tag: "latest" }];
	const keys = [...at, "tags"];
	if (isExact) file.problem(keys, "is for a source without a tag or digest: remove one of them");
	const texts = textsOf(entry.tags);
	if (texts.length === 0) file.problem(keys, "is empty: name a tag, or remove this key");
	return texts.flatMap((text) => {
		const reference = parseExactReference(text);
		if (typeof reference !== "string") return [reference];
		file.problem(keys, `${show(printable(text))} is neither a tag nor a digest: ${printable(reference)}`);
		return [];
	});
}
const SAMPLE_TARGET = {
	registry: "registry.example",
	path: ""
};
function readNames(file, at, names, { namespace, image }) {
	const keys = [...at, "name"];
	if (names.length === 0) file.problem(keys, "is empty: give a name, or remove this key");
	for (const name of names) {
		const problem = templateProblem(name);
		if (problem !== void 0) file.problem(keys, problem);
		else if (!isRepositoryName(targetRepository(name, SAMPLE_TARGET, namespace, image))) file.problem(keys, `${show(printable(name))} is not the name of a repository for this image`);
	}
	return Array.from(new Set(names));
}
function textsOf(value) {
	return typeof value === "string" ? listOf(value) : value.map((text) => text.trim());
}

// src/inputs/config-schema.ts
const text = (description$2) => pipe(string(), description(description$2));
const list = (description$1) => pipe(union([string(), array(string())], "expected a text or a list of texts"), description(description$1));
const SETTINGS = {
	target: optional(list("One or more registries and namespaces to push to, such as docker.io/gcrxio.")),
	"target-name": optional(text("A template for the names of the target's repositories, with {registry}, {namespace}, {image} and {name}.")),
	platforms: optional(list("\"all\", or a list of the platforms of an index to mirror, such as linux/amd64.")),
	referrers: optional(pipe(boolean(), description("Whether to mirror the signatures, attestations and SBOMs that refer to an image."))),
	include: optional(list("Globs for image:tag, or for the image if a glob has no \":\". If set, only what matches one of them is mirrored.")),
	exclude: optional(list("Globs like those of include. What matches one of them is not mirrored.")),
	semver: optional(text("A range of versions, such as >=1.20. If set, only tags that name a version in it are mirrored.")),
	"newer-than": optional(text("An age, such as 90d, or a date, such as 2026-01-31. Tags that were pushed earlier are not mirrored.")),
	latest: optional(pipe(number(), description("A number N: only the N newest tags of each image are mirrored.")))
};
/** The message for an unknown key, or for a value that is not a map. */
const mapOf = (keys) => ({ expected }) => expected === "never" ? `is not one of ${keys.join(", ")}` : `expected a map of ${keys.join(", ")}`;
const Settings = strictObject(SETTINGS, mapOf(Object.keys(SETTINGS)));
const { "target-name": _, ...COMMON } = SETTINGS;
const IMAGE = {
	source: text("A repository, with or without a tag or digest: quay.io/x/y:v1. Without a host it is Docker Hub's."),
	tags: optional(pipe(union([string(), array(string())], "expected a text or a list of texts: put numbers behind aliases in quotes"), description("The tags to mirror, or digests, or tags with digests: v1@sha256:\u2026."))),
	name: optional(list("One or more names at the target, below the path of the target, or templates like target-name. May contain \"/\".")),
	...COMMON
};
const Image = strictObject(IMAGE, ({ expected, received }) => received === "undefined" ? "has no \"source\"" : mapOf(Object.keys(IMAGE))({ expected }));
/** The form of the config file. `npm run docs` makes `mirror.schema.json` of it. */
const ConfigFile = strictObject({
	defaults: optional(pipe(Settings, description("Settings of all namespaces that do not override them. Inputs override them too."))),
	namespaces: optional(pipe(record(string(), nullable(Settings)), description("What to mirror: source namespaces, such as gcr.io/distroless, each with its own settings."))),
	images: optional(pipe(array(Image, "expected a list, with items such as \"- source: quay.io/x/y:v1\""), description("Single images to mirror. An entry has exact tags, or filters, or neither: then it is the tag latest.")))
}, mapOf([
	"defaults",
	"namespaces",
	"images"
]));

// src/inputs/yaml-file.ts
var import_dist = require_dist();
/** The file of a thousand namespaces has some hundred thousand. */
const LONGEST_FILE_CHARACTERS = 1e6;
/** The values of a file after its aliases are replaced by what they stand for: aliases of aliases multiply. */
const MOST_VALUES = 5e5;
const DEEPEST = 20;
const MOST_PROBLEMS = 50;
/** A YAML file's plain data, which finds the line and column of a value. The text is untrusted. */
var YamlFile = class {
	#path;
	#textKeys;
	#lines = new import_dist.LineCounter();
	#contents;
	#problems = /* @__PURE__ */ new Set();
	#moreProblems = 0;
	#anchors = /* @__PURE__ */ new Map();
	#aliases = /* @__PURE__ */ new Map();
	#size = 0;
	/**
	* @param textKeys keys whose values are text as it is written: `1.10` stays `1.10`
	* @throws InputError when the text is not YAML
	*/
	constructor(text, path, textKeys = []) {
		this.#path = path;
		this.#textKeys = new Set(textKeys);
		if (text.length > LONGEST_FILE_CHARACTERS) throw new InputError([`config: ${path} has more than ${LONGEST_FILE_CHARACTERS} characters`]);
		const document = this.#parse(text);
		for (const { message, pos } of document.errors) {
			const blank = /^\s*/.exec(text.slice(pos[0]))?.[0].length ?? 0;
			this.#note(pos[0] + blank, [], message);
		}
		if (this.hasProblems) throw this.error();
		this.#contents = document.contents;
	}
	get hasProblems() {
		return this.#problems.size > 0;
	}
	/** All problems so far. */
	error() {
		const more = this.#moreProblems > 0 ? [`config: ${this.#path} has ${this.#moreProblems} more mistakes`] : [];
		return new InputError([...this.#problems, ...more]);
	}
	/** valibot treats a list as a map whose keys are numbers. */
	refuseLists(paths) {
		for (const keys of paths) if ((0, import_dist.isSeq)(this.#find(keys))) this.problem(keys, "expected a map, with lines such as \"gcr.io/distroless:\"");
		if (this.hasProblems) throw this.error();
	}
	/**
	* The file as plain data, with its aliases and merge keys replaced. To be called before a value below an alias is located.
	*
	* @throws InputError when aliases multiply or name nothing
	*/
	plain() {
		return this.#plain(this.#contents, false, 0);
	}
	/** The keys of the map at `key`. */
	keysOf(key) {
		const node = this.#find([key]);
		return (0, import_dist.isMap)(node) ? node.items.flatMap(({ key: one }) => (0, import_dist.isScalar)(one) ? [String(one.value)] : []) : [];
	}
	/** @param keys the path of the value; if it is absent, the position is that of the map that should contain it */
	problem(keys, what) {
		this.#note(this.#offsetOf(keys), keys, what);
	}
	/** The place of the value at the path `keys`. */
	locate(keys) {
		return this.#place(this.#offsetOf(keys), keys);
	}
	#parse(text) {
		try {
			return (0, import_dist.parseDocument)(text, {
				lineCounter: this.#lines,
				prettyErrors: false
			});
		} catch (error) {
			throw new InputError([`config: ${this.#path} can't be read: ${printable(messageOf(error))}`]);
		}
	}
	#plain(node, asText, depth) {
		this.#count(1, node);
		if (depth > DEEPEST) throw this.#fail(node, `is nested more than ${DEEPEST} levels deep`);
		if ((0, import_dist.isAlias)(node)) return this.#resolve(node, node.source);
		const anchor = (0, import_dist.isScalar)(node) || (0, import_dist.isMap)(node) || (0, import_dist.isSeq)(node) ? node.anchor : void 0;
		if (anchor === void 0 || !(0, import_dist.isNode)(node)) return this.#valueOf(node, asText, depth);
		const anchored = { node };
		this.#anchors.set(anchor, anchored);
		const before = this.#size;
		const plain = this.#valueOf(node, asText, depth);
		anchored.value = {
			plain,
			size: this.#size - before
		};
		return plain;
	}
	#valueOf(node, asText, depth) {
		if ((0, import_dist.isMap)(node)) return this.#map(node.items, depth);
		if ((0, import_dist.isSeq)(node)) return node.items.map((item) => this.#plain(item, asText, depth + 1));
		if (!(0, import_dist.isScalar)(node)) return null;
		return asText && typeof node.value !== "string" && node.value !== null && node.source !== void 0 ? node.source : node.value;
	}
	#map(items, depth) {
		const own = /* @__PURE__ */ new Map();
		const merged = /* @__PURE__ */ new Map();
		for (const { key, value } of items) {
			if (!(0, import_dist.isScalar)(key)) throw this.#fail(key, "is not a text, and can be no key");
			const name = String(key.value);
			const plain = this.#plain(value, this.#textKeys.has(name), depth + 1);
			if (!isMergeKey(key)) own.set(name, plain);
			else for (const part of Array.isArray(plain) ? plain : [plain]) {
				if (typeof part !== "object" || part === null || Array.isArray(part)) throw this.#fail(value, "is not a map: \"<<\" merges maps");
				this.#count(Object.keys(part).length, value);
				for (const [one, merge] of Object.entries(part)) if (!merged.has(one)) merged.set(one, merge);
			}
		}
		return Object.fromEntries([...merged, ...own]);
	}
	#resolve(alias, name) {
		const anchored = this.#anchors.get(name);
		if (!anchored) throw this.#fail(alias, `there is no anchor &${name} before the alias *${name}`);
		if (!anchored.value) throw this.#fail(alias, `the alias *${name} is inside its own anchor`);
		this.#aliases.set(alias, anchored.node);
		this.#count(anchored.value.size, alias);
		return anchored.value.plain;
	}
	#count(size, node) {
		this.#size += size;
		if (this.#size > MOST_VALUES) throw this.#fail(node, `has more than ${MOST_VALUES} values, with each alias replaced by what it stands for`);
	}
	#fail(node, what) {
		this.#note((0, import_dist.isNode)(node) ? node.range?.[0] ?? 0 : 0, [], what);
		return this.error();
	}
	/** The node at the path `keys`, behind aliases and merge keys. */
	#find(keys) {
		let node = this.#behind(this.#contents);
		for (const key of keys) node = this.#behind(this.#child(node, key));
		return node;
	}
	#child(node, key) {
		if ((0, import_dist.isSeq)(node)) return node.items[Number(key)];
		if (!(0, import_dist.isMap)(node)) return void 0;
		const own = node.items.find((pair) => (0, import_dist.isScalar)(pair.key) && String(pair.key.value) === key);
		if (own) return own.value;
		for (const { key: name, value } of node.items) {
			if (!isMergeKey(name)) continue;
			const merged = this.#behind(value);
			for (const part of (0, import_dist.isSeq)(merged) ? merged.items : [merged]) {
				const found = this.#child(this.#behind(part), key);
				if (found !== void 0) return found;
			}
		}
	}
	#behind(node) {
		return this.#aliases.get(node) ?? node;
	}
	#offsetOf(keys) {
		for (let length = keys.length; length >= 0; length -= 1) {
			const node = this.#find(keys.slice(0, length));
			if ((0, import_dist.isNode)(node) && node.range) return node.range[0];
		}
		return 0;
	}
	#note(offset, keys, what) {
		const problem = `config: ${this.#place(offset, keys)}: ${printable(what)}`;
		if (this.#problems.has(problem)) return;
		if (this.#problems.size < MOST_PROBLEMS) this.#problems.add(problem);
		else this.#moreProblems += 1;
	}
	#place(offset, keys) {
		const { line, col } = this.#lines.linePos(offset);
		const name = keys.map((key) => show(String(key)).slice(1, -1)).join(" \u203a ");
		return `${this.#path}:${Math.max(1, line)}:${Math.max(1, col)}${name === "" ? "" : `: ${name}`}`;
	}
};
function isMergeKey(key) {
	return (0, import_dist.isScalar)(key) && key.value === "<<" && key.type === "PLAIN";
}

// src/inputs/config.ts
/**
* Reads a config file, whose text may come from a pull request.
*
* @throws InputError that names the file, and the line and column of each problem
*/
function parseConfig(text, path, options) {
	const file = new YamlFile(text, path, ["tags"]);
	const { defaults, namespaces, images } = checkForm(file);
	const read = (raw, at) => ({
		own: readSettings(rawOf(raw), (setting, what) => file.problem([...at, setting], what), options.now),
		locate: (setting) => file.locate([...at, setting])
	});
	const config = {
		path,
		defaults: read(defaults ?? {}, ["defaults"]),
		namespaces: readNamespaces(file, namespaces ?? {}, options.registry, read),
		images: readImages(file, images ?? [], read)
	};
	if (file.hasProblems) throw file.error();
	return config;
}
/** @throws InputError with each part of the file that does not have the form of a config file */
function checkForm(file) {
	const plain = withoutExtensions(file.plain());
	file.refuseLists([
		[],
		["defaults"],
		["namespaces"]
	]);
	const parsed = safeParse(ConfigFile, plain);
	if (parsed.success) return parsed.output;
	for (const { path = [], message } of parsed.issues) file.problem(path.map(({ key }) => typeof key === "number" ? key : String(key)), message);
	throw file.error();
}
/** Without the keys that start with `x-`: they are for anchors. */
function withoutExtensions(file) {
	if (typeof file !== "object" || file === null || Array.isArray(file)) return file;
	return Object.fromEntries(Object.entries(file).filter(([key]) => !key.startsWith("x-")));
}
function readNamespaces(file, namespaces, registry, read) {
	for (const name of file.keysOf("namespaces")) if (name !== "<<" && !Object.hasOwn(namespaces, name)) file.problem(["namespaces", name], "is not a namespace");
	const found = /* @__PURE__ */ new Map();
	for (const [name, raw] of Object.entries(namespaces)) {
		const namespace = parseNamespace(name, registry);
		if (typeof namespace === "string") {
			file.problem(["namespaces", name], namespace);
			continue;
		}
		const key = formatNamespace(namespace);
		if (found.has(key)) file.problem(["namespaces", name], `${key} is listed twice: merge the two`);
		found.set(key, {
			namespace,
			...read(raw ?? {}, ["namespaces", name])
		});
	}
	return found;
}
function rawOf(settings) {
	const list = (value) => typeof value === "string" ? listOf(value) : value;
	return {
		...settings,
		target: list(settings.target),
		include: list(settings.include),
		exclude: list(settings.exclude),
		platforms: list(settings.platforms)
	};
}

export { parseConfig };