import { B as pipe, C as array, D as description, F as number, G as string, K as union, L as optional, N as nullable, U as safeParse, V as record, W as strictObject, b as printable, d as parseNamespace, g as show, h as listOf, p as InputError, r as readSettings, u as formatNamespace, w as boolean, y as messageOf } from "./settings.js";
import { t as require_dist } from "./dist.js";

// src/inputs/config-schema.ts
var import_dist = require_dist();
const text = (description$2) => pipe(string(), description(description$2));
const list = (description$1) => pipe(union([string(), array(string())], "expected a text or a list of texts"), description(description$1));
const SETTINGS = {
	target: optional(text("Registry and namespace to push to, such as docker.io/gcrxio.")),
	"target-name": optional(text("Template for the name of the target's repository, of {registry}, {namespace} and {image}.")),
	platforms: optional(list("\"all\", or the platforms of an index to mirror, such as linux/amd64.")),
	referrers: optional(pipe(boolean(), description("Whether what refers to an image is mirrored with it: signatures, attestations, SBOMs."))),
	include: optional(list("Globs over image:tag, or over the image where a pattern has no \":\". Given, only what matches one is mirrored.")),
	exclude: optional(list("Globs like those of include. What matches one is left out.")),
	semver: optional(text("A range of versions, such as >=1.20. Tags that name no version in it are left out.")),
	"newer-than": optional(text("An age, such as 90d, or a date, such as 2026-01-31. Tags that were pushed before are left out.")),
	latest: optional(pipe(number(), description("Of each image, only the newest so many tags are mirrored.")))
};
/** The message for a key that is not known, or what is no map. */
const mapOf = (keys) => ({ expected }) => expected === "never" ? `is not one of ${keys.join(", ")}` : `expected a map of ${keys.join(", ")}`;
const Settings = strictObject(SETTINGS, mapOf(Object.keys(SETTINGS)));
/** The form of the input `config`'s file. `mirror.schema.json` is made from it. */
const ConfigFile = strictObject({
	defaults: optional(pipe(Settings, description("For all namespaces that do not say otherwise. Inputs override them."))),
	namespaces: optional(pipe(record(string(), nullable(Settings)), description("What to mirror: source namespaces, such as gcr.io/distroless, each with what is its own.")))
}, mapOf(["defaults", "namespaces"]));

// src/inputs/config.ts
/** Characters; a mirror of a thousand namespaces has some hundred thousand. */
const LONGEST_FILE_CHARACTERS = 1e6;
/**
* Reads a config file. In a dry run its text comes from a pull request.
*
* @throws InputError that names the file, and line and column of each problem
*/
function parseConfig(text, path, options) {
	const file = new ConfigText(text, path);
	file.refuseLists([
		[],
		["defaults"],
		["namespaces"]
	]);
	const parsed = safeParse(ConfigFile, file.json());
	if (!parsed.success) {
		for (const issue of parsed.issues) file.problem((issue.path ?? []).map(({ key }) => typeof key === "number" ? key : String(key)), issue.message);
		throw file.error();
	}
	const { defaults, namespaces } = parsed.output;
	for (const name of file.keysOf("namespaces")) if (!Object.hasOwn(namespaces ?? {}, name)) file.problem(["namespaces", name], "is not a namespace");
	const read = (raw, at) => readSettings(rawOf(raw), (setting, what) => file.problem([...at, setting], what), options.now);
	const found = /* @__PURE__ */ new Map();
	for (const [name, raw] of Object.entries(namespaces ?? {})) {
		const namespace = parseNamespace(name, options.registry);
		if (typeof namespace === "string") {
			file.problem(["namespaces", name], namespace);
			continue;
		}
		const key = formatNamespace(namespace);
		if (found.has(key)) file.problem(["namespaces", name], `${key} stands here twice`);
		found.set(key, {
			namespace,
			own: read(raw ?? {}, ["namespaces", name])
		});
	}
	const config = {
		path,
		defaults: read(defaults ?? {}, ["defaults"]),
		namespaces: found
	};
	if (file.hasProblems) throw file.error();
	const locate = (part, setting) => {
		if (part === "defaults") return file.locate([part, setting]);
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
function isSame(name, namespace, registry) {
	const named = parseNamespace(name, registry);
	return typeof named !== "string" && formatNamespace(named) === formatNamespace(namespace);
}
function rawOf(settings) {
	const list = (value) => typeof value === "string" ? listOf(value) : value;
	return {
		...settings,
		include: list(settings.include),
		exclude: list(settings.exclude),
		platforms: list(settings.platforms)
	};
}
/** A file's text, which tells where in it a value stands. */
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
			prettyErrors: false
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
	/** To valibot a list is a map with numbers for its keys. */
	refuseLists(paths) {
		for (const keys of paths) {
			const node = keys.length === 0 ? this.#document.contents : this.#document.getIn(keys, true);
			if ((0, import_dist.isSeq)(node)) this.problem(keys, "expected a map, such as \"gcr.io/distroless:\" a line");
		}
		if (this.hasProblems) throw this.error();
	}
	/** The file as plain data. Aliases may not be many: they multiply. */
	json() {
		try {
			return this.#document.toJS({ maxAliasCount: 100 });
		} catch (error) {
			this.#note(0, [], messageOf(error));
			throw this.error();
		}
	}
	/** @param keys lead to the value; where it is not there, what should hold it is named */
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
	/** The keys of a map. */
	keysOf(key) {
		const node = this.#document.get(key, true);
		return (0, import_dist.isMap)(node) ? node.items.flatMap((item) => (0, import_dist.isScalar)(item.key) ? [String(item.key.value)] : []) : [];
	}
	error() {
		return new InputError(this.#problems);
	}
	/** Where the value that `keys` lead to stands. */
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