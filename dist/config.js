import { B as boolean, F as printable, P as messageOf, Q as nullable, S as parseNamespace, U as description, _ as InputError, a as readSettings, at as pipe, b as show, dt as string, et as number, ft as union, i as checkNames, lt as safeParse, m as parseReference, nt as optional, ot as record, p as parseExact, ut as strictObject, x as formatNamespace, y as listOf, z as array } from "./settings.js";
import { t as require_dist } from "./dist.js";

// src/inputs/config-schema.ts
var import_dist = require_dist();
const text = (description$2) => pipe(string(), description(description$2));
const list = (description$1) => pipe(union([string(), array(string())], "expected a text or a list of texts"), description(description$1));
const SETTINGS = {
	target: optional(list("The registry and namespace to push to, such as docker.io/gcrxio; or a list of them.")),
	"target-name": optional(text("A template for the names of the target's repositories, with {registry}, {namespace}, {image} and {name}, the last part of the image.")),
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
const { "target-name": _, ...ENTRY_SETTINGS } = SETTINGS;
const ENTRY = {
	source: text("The image to mirror, with or without a tag or digest, such as quay.io/x/y or nginx:1.27."),
	tags: optional(list("Exact tags or digests. Without tags, and without filters, the tag latest is mirrored.")),
	name: optional(list("The repository's name below the target, or a list of names: the image is mirrored to each of them.")),
	...ENTRY_SETTINGS
};
const Entry = strictObject(ENTRY, mapOf(Object.keys(ENTRY)));
/** The form of the config file. `npm run docs` makes `mirror.schema.json` of it. */
const ConfigFile = strictObject({
	defaults: optional(pipe(Settings, description("Settings of all namespaces that do not override them. Inputs override them too."))),
	namespaces: optional(pipe(record(string(), nullable(Settings)), description("What to mirror: source namespaces, such as gcr.io/distroless, each with its own settings."))),
	images: optional(pipe(array(Entry), description("What to mirror: single images, each with its own settings. One may occur several times.")))
}, mapOf([
	"defaults",
	"namespaces",
	"images"
]));

// src/inputs/config.ts
/** Each entry of a list of thousands may use some. */
const MOST_ALIASES = 5e3;
/** The file of a thousand namespaces has some hundred thousand. */
const LONGEST_FILE_CHARACTERS = 1e6;
/**
* Reads a config file, whose text may come from a pull request.
*
* @throws InputError that names the file, and the line and column of each problem
*/
function parseConfig(text, path, options) {
	const file = new ConfigText(text, path);
	file.refuseLists([
		[],
		["defaults"],
		["namespaces"]
	]);
	const { defaults, namespaces, images = [] } = checkForm(file);
	const read = (raw, at) => readSettings(rawOf(raw), (setting, what) => file.problem([...at, setting], what), options.now);
	const config = {
		path,
		defaults: read(defaults ?? {}, ["defaults"]),
		namespaces: readNamespaces(file, namespaces ?? {}, options.registry, read),
		images: images.flatMap((raw, index) => readEntry(file, raw, index, read))
	};
	if (file.hasProblems) throw file.error();
	const locate = (part, setting) => {
		if (part === "defaults") return file.locate([part, setting]);
		if ("image" in part) return file.locate([
			"images",
			config.images.indexOf(part),
			setting
		]);
		const name = file.keysOf("namespaces").find((key) => isSame(key, part, options.registry)) ?? "";
		return file.locate([
			"namespaces",
			name,
			setting
		]);
	};
	return {
		...config,
		locate
	};
}
/** @throws InputError with each part of the file that does not have the form of a config file */
function checkForm(file) {
	const parsed = safeParse(ConfigFile, withoutAnchors(file.json()));
	if (parsed.success) return parsed.output;
	for (const { path = [], message } of parsed.issues) file.problem(path.map(({ key }) => typeof key === "number" ? key : String(key)), message);
	throw file.error();
}
/** The file without the keys that only hold anchors: `x-common: &common …`. */
function withoutAnchors(json) {
	if (typeof json !== "object" || json === null || Array.isArray(json)) return json;
	return Object.fromEntries(Object.entries(json).filter(([key]) => !key.startsWith("x-")));
}
function readNamespaces(file, namespaces, registry, read) {
	for (const name of file.keysOf("namespaces")) if (!Object.hasOwn(namespaces, name)) file.problem(["namespaces", name], "is not a namespace");
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
			own: read(raw ?? {}, ["namespaces", name])
		});
	}
	return found;
}
/** An entry of the list; none if it is wrong. */
function readEntry(file, raw, index, read) {
	const at = ["images", index];
	const { source, tags, name, ...settings } = raw;
	const parsed = parseReference(source);
	if (typeof parsed === "string") {
		file.problem([...at, "source"], parsed);
		return [];
	}
	const { namespace, image, reference } = parsed;
	if (reference && tags !== void 0) file.problem([...at, "tags"], "the source names a tag or digest already: name all of them in \"tags\"");
	const references = (typeof tags === "string" ? listOf(tags) : tags)?.map((text) => {
		const exact = parseExact(text);
		if (typeof exact !== "string") return exact;
		file.problem([...at, "tags"], exact);
		return {};
	});
	const filters = FILTER_SETTINGS.filter((key) => settings[key] !== void 0);
	const isExact = reference !== void 0 || references !== void 0 || filters.length === 0;
	const [first] = filters;
	if (first && isExact) file.problem([...at, first], "says nothing about exact tags: leave out one of both");
	const names = name === void 0 || typeof name !== "string" ? name : listOf(name);
	checkNames(names ?? [], (what) => file.problem([...at, "name"], what));
	if (names?.length === 0) file.problem([...at, "name"], "is empty");
	return [{
		namespace,
		image,
		...isExact && { references: reference ? [reference] : references ?? [{ tag: "latest" }] },
		...names && { names },
		own: read(settings, at)
	}];
}
const FILTER_SETTINGS = [
	"include",
	"exclude",
	"semver",
	"newer-than",
	"latest"
];
function isSame(name, namespace, registry) {
	const named = parseNamespace(name, registry);
	return typeof named !== "string" && formatNamespace(named) === formatNamespace(namespace);
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
/** A file's text, which finds the line and column of a value. */
var ConfigText = class {
	#path;
	#lines = new import_dist.LineCounter();
	#document;
	#problems = [];
	constructor(text, path) {
		this.#path = path;
		if (text.length > LONGEST_FILE_CHARACTERS) throw new InputError([`config: ${path} has more than ${LONGEST_FILE_CHARACTERS} characters`]);
		this.#document = (0, import_dist.parseDocument)(text, {
			lineCounter: this.#lines,
			prettyErrors: false,
			merge: true
		});
		for (const { message, pos } of this.#document.errors) {
			const blank = /^\s*/.exec(text.slice(pos[0]))?.[0].length ?? 0;
			this.#note(pos[0] + blank, [], message);
		}
		if (this.hasProblems) throw this.error();
	}
	get hasProblems() {
		return this.#problems.length > 0;
	}
	/** valibot treats a list as a map whose keys are numbers. */
	refuseLists(paths) {
		for (const keys of paths) {
			const node = keys.length === 0 ? this.#document.contents : this.#document.getIn(keys, true);
			if ((0, import_dist.isSeq)(node)) this.problem(keys, "expected a map, with lines such as \"gcr.io/distroless:\"");
		}
		if (this.hasProblems) throw this.error();
	}
	/** The file as plain data. What aliases stand for is limited, because aliases of aliases multiply. */
	json() {
		try {
			return this.#document.toJS({ maxAliasCount: MOST_ALIASES });
		} catch (error) {
			this.#note(0, [], messageOf(error));
			throw this.error();
		}
	}
	/** @param keys the path of the value; if it is absent, the position is that of the map that should contain it */
	problem(keys, what) {
		this.#note(this.#offsetOf(keys), keys, what);
	}
	#offsetOf(keys) {
		for (let length = keys.length; length > 0; length -= 1) {
			const node = this.#document.getIn(keys.slice(0, length), true);
			if ((0, import_dist.isNode)(node) && node.range) return node.range[0];
		}
		return this.#document.contents?.range?.[0] ?? 0;
	}
	/** The keys of the map at `key`. */
	keysOf(key) {
		const node = this.#document.get(key, true);
		return (0, import_dist.isMap)(node) ? node.items.flatMap((item) => (0, import_dist.isScalar)(item.key) ? [String(item.key.value)] : []) : [];
	}
	error() {
		return new InputError(this.#problems);
	}
	/** The place of the value at the path `keys`. */
	locate(keys) {
		return this.#place(this.#offsetOf(keys), keys);
	}
	#note(offset, keys, what) {
		this.#problems.push(`config: ${this.#place(offset, keys)}: ${printable(what)}`);
	}
	#place(offset, keys) {
		const { line, col } = this.#lines.linePos(offset);
		const name = keys.map((key) => show(String(key)).slice(1, -1)).join(" › ");
		return `${this.#path}:${Math.max(1, line)}:${Math.max(1, col)}${name === "" ? "" : `: ${name}`}`;
	}
};

export { parseConfig };