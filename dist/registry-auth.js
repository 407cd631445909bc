import { t as require_dist } from "./dist.js";
import { a as isRegistryHost, r as canonicalHost } from "./names.js";
import { t as maskable } from "./maskable.js";

// src/inputs/registry-auth.ts
var import_dist = require_dist();
const INPUT = "registry-auth";
/** `scope` and `ecr` are keys of docker/login-action, which an entry may have if they change nothing. */
const KEYS = [
	"registry",
	"username",
	"password",
	"scope",
	"ecr"
];
const FORM = "a list of entries with registry, username and password, in the form of docker/login-action";
/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html */
const ECR_HOST = /^(?:public\.ecr\.aws|\d{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9.-]+\.(?:amazonaws\.com(?:\.cn)?|on\.aws))$/;
/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids */
const AWS_ACCESS_KEY = /^A[KS]IA[A-Z0-9]{12,}$/;
const ECR_LOGIN = "AWS keys are not exchanged for a login to Amazon ECR: remove this entry, and run docker/login-action or aws-actions/amazon-ecr-login before this action, which uses their logins";
/** Below "|-", a text of one line is read as it is, whatever characters it has. */
const QUOTE = "put it in quotes, or alone on the line below \"|-\"";
/**
* Reads the input `registry-auth`: docker/login-action's YAML list of accounts, each for one registry. All values are
* text as written: `007` and `null` are passwords. Problems name line and key, and never a value.
*
* @param dryRun if true, an entry without user name or password is skipped: a pull request from a fork has no secrets
*/
function readRegistryAuth(reader, dryRun) {
	const text = reader.text(INPUT);
	if (text === "") return /* @__PURE__ */ new Map();
	const { document, lineAt } = parse(text);
	const [flaw] = [...document.errors, ...document.warnings];
	if (flaw) {
		reader.problem(INPUT, `line ${lineAt(flaw.pos[0])} is not valid YAML. If a value is the cause, ${QUOTE}`);
		return /* @__PURE__ */ new Map();
	}
	if (!(0, import_dist.isSeq)(document.contents)) {
		reader.problem(INPUT, `is not ${FORM}`);
		return /* @__PURE__ */ new Map();
	}
	const list = new EntryList(reader, text, lineAt, dryRun);
	for (const item of document.contents.items) list.add(item);
	return list.credentials;
}
/**
* Masks the passwords of the input `registry-auth`, however broken it is. If it is not a list of accounts, any line may
* be a part of a secret, and everything except registries and user names is masked.
*/
function maskRegistryAuth(text, mask) {
	const { document } = parse(text);
	const values = ((0, import_dist.isSeq)(document.contents) ? document.contents.items : []).map((item) => (0, import_dist.isMap)(item) ? item.get("password") : void 0);
	const passwords = values.filter((value) => typeof value === "string").map((value) => value.trim());
	const isRight = (0, import_dist.isSeq)(document.contents) && document.errors.length === 0 && passwords.length === values.length;
	const lines = text.split(/\r?\n/).flatMap((line) => {
		const [, raw] = /\bpassword["']?\s*:(.*)$/.exec(line) ?? [];
		if (raw !== void 0) return formsOf(raw);
		return isRight || /^[\s-]*["']?(?:registry|username)\b/.test(line) ? [] : [line.trim()];
	});
	const secrets = [...passwords.flatMap(maskable), ...lines.filter((part) => part.length > 3)];
	for (const secret of new Set(secrets)) if (secret !== "") mask(secret);
}
/** A value as its line has it, then without the comment after it, and then without quotes. */
function formsOf(raw) {
	const value = raw.trim();
	const bare = value.replace(/\s+#.*$/, "");
	return [
		value,
		bare,
		bare.replace(/^(["'])(.*)\1$/, "$2")
	];
}
function parse(text) {
	const lineCounter = new import_dist.LineCounter();
	return {
		document: (0, import_dist.parseDocument)(text, {
			schema: "failsafe",
			prettyErrors: false,
			lineCounter
		}),
		lineAt: (offset) => Math.max(1, lineCounter.linePos(offset).line)
	};
}
/** The key of an entry that docker/login-action supports and this action does not. */
function unsupportedKey(host, { username = "", scope = "", ecr = "" }) {
	if (scope !== "") return {
		key: "scope",
		what: "is not supported: an account is for its whole registry. Remove this key; if source and target need different accounts of one registry, use the inputs username and source-username"
	};
	if (/^true$/i.test(ecr)) return {
		key: "ecr",
		what: ECR_LOGIN
	};
	if (!/^(?:false|auto|)$/i.test(ecr)) return {
		key: "ecr",
		what: "is not one of auto, true, false"
	};
	return ECR_HOST.test(host) && AWS_ACCESS_KEY.test(username) ? {
		key: "username",
		what: ECR_LOGIN
	} : void 0;
}
var EntryList = class {
	credentials = /* @__PURE__ */ new Map();
	#reader;
	#text;
	#lineAt;
	#dryRun;
	/** The line of each registry, from 1. */
	#lines = /* @__PURE__ */ new Map();
	constructor(reader, text, lineAt, dryRun) {
		this.#reader = reader;
		this.#text = text;
		this.#lineAt = lineAt;
		this.#dryRun = dryRun;
	}
	add(item) {
		if (!(0, import_dist.isMap)(item)) {
			this.#reader.problem(INPUT, `is not ${FORM}`);
			return;
		}
		const line = this.#lineOf(item) ?? 1;
		const values = this.#read(item, line);
		if (!values) return;
		const { registry = "docker.io", username = "", password = "" } = values;
		const host = canonicalHost(registry);
		const other = this.#lines.get(host);
		this.#lines.set(host, line);
		if (!isRegistryHost(host)) return this.#problem(line, "registry", "is not a host such as ghcr.io or registry.example:5000");
		if (other !== void 0) return this.#problem(line, "registry", `is listed in line ${other} already`);
		const unsupported = unsupportedKey(host, values);
		if (unsupported) return this.#problem(line, unsupported.key, unsupported.what);
		const missing = ["username", "password"].filter((key) => (values[key] ?? "") === "");
		if (missing.length === 0) this.credentials.set(host, {
			username,
			password,
			providedBy: `the input ${INPUT}, line ${line}`
		});
		else if (!this.#dryRun) for (const key of missing) this.#problem(line, key, "is missing or empty: check that the secret exists");
	}
	/** The texts of an entry; undefined after a problem. */
	#read(item, line) {
		const values = {};
		let isRight = true;
		for (const { key: name, value } of item.items) {
			const at = this.#lineOf(name) ?? line;
			const key = KEYS.find((known) => (0, import_dist.isScalar)(name) && name.value === known);
			if (key === void 0) {
				isRight = false;
				this.#reader.problem(INPUT, `line ${at} has a key that is not one of ${KEYS.join(", ")}`);
				continue;
			}
			const text = this.#textOf(value);
			if (typeof text === "string") values[key] = text;
			else {
				isRight = false;
				this.#problem(at, key, text.problem);
			}
		}
		return isRight ? values : void 0;
	}
	/** A text as it was meant. Where YAML would change it, because it has characters of YAML's syntax, that is a problem. */
	#textOf(value) {
		if (!(0, import_dist.isScalar)(value) || typeof value.value !== "string" || value.anchor !== void 0 || value.tag) return { problem: `is not read as text by YAML: ${QUOTE}` };
		const end = value.range?.[1] ?? 0;
		const [rest = ""] = this.#text.slice(end).split("\n", 1);
		if (value.type === import_dist.Scalar.PLAIN && rest.includes("#")) return { problem: `has a "#" after a space, which starts a comment: ${QUOTE}` };
		return value.value.replace(/\n+$/, "");
	}
	#lineOf(node) {
		const range = (0, import_dist.isScalar)(node) || (0, import_dist.isMap)(node) ? node.range : void 0;
		return range ? this.#lineAt(range[0]) : void 0;
	}
	#problem(line, key, what) {
		this.#reader.problem(INPUT, `line ${line}, ${key}: ${what}`);
	}
};

export { maskRegistryAuth, readRegistryAuth };