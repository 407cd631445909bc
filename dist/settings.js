import { i as __toESM } from "./rolldown-runtime.js";
import { a as isRegistryHost, c as looksLikeHost, n as canNest, o as isRepositoryName, r as canonicalHost } from "./names.js";
import { t as require_semver } from "./semver.js";

// node_modules/valibot/dist/index.mjs
let store$4;
const DEFAULT_CONFIG = {
	lang: void 0,
	message: void 0,
	abortEarly: void 0,
	abortPipeEarly: void 0
};
/**
* Returns the global configuration.
*
* @param config The config to merge.
*
* @returns The configuration.
*/
/* @__NO_SIDE_EFFECTS__ */
function getGlobalConfig(config$1) {
	if (!config$1 && !store$4) return DEFAULT_CONFIG;
	return {
		lang: config$1?.lang ?? store$4?.lang,
		message: config$1?.message,
		abortEarly: config$1?.abortEarly ?? store$4?.abortEarly,
		abortPipeEarly: config$1?.abortPipeEarly ?? store$4?.abortPipeEarly
	};
}
let store$3;
/**
* Returns a global error message.
*
* @param lang The language of the message.
*
* @returns The error message.
*/
/* @__NO_SIDE_EFFECTS__ */
function getGlobalMessage(lang) {
	return store$3?.get(lang);
}
let store$2;
/**
* Returns a schema error message.
*
* @param lang The language of the message.
*
* @returns The error message.
*/
/* @__NO_SIDE_EFFECTS__ */
function getSchemaMessage(lang) {
	return store$2?.get(lang);
}
let store$1;
/**
* Returns a specific error message.
*
* @param reference The identifier reference.
* @param lang The language of the message.
*
* @returns The error message.
*/
/* @__NO_SIDE_EFFECTS__ */
function getSpecificMessage(reference, lang) {
	return store$1?.get(reference)?.get(lang);
}
/**
* Stringifies an unknown input to a literal or type string.
*
* @param input The unknown input.
*
* @returns A literal or type string.
*
* @internal
*/
/* @__NO_SIDE_EFFECTS__ */
function _stringify(input) {
	const type = typeof input;
	if (type === "string") return `"${input}"`;
	if (type === "number" || type === "bigint" || type === "boolean") return `${input}`;
	if (type === "object" || type === "function") return (input && Object.getPrototypeOf(input)?.constructor?.name) ?? "null";
	return type;
}
/**
* Adds an issue to the dataset.
*
* @param context The issue context.
* @param label The issue label.
* @param dataset The input dataset.
* @param config The configuration.
* @param other The optional props.
*
* @internal
*/
function _addIssue(context, label, dataset, config$1, other) {
	const input = other && "input" in other ? other.input : dataset.value;
	const expected = other?.expected ?? context.expects ?? null;
	const received = other?.received ?? /* @__PURE__ */ _stringify(input);
	const issue = {
		kind: context.kind,
		type: context.type,
		input,
		expected,
		received,
		message: `Invalid ${label}: ${expected ? `Expected ${expected} but r` : "R"}eceived ${received}`,
		requirement: context.requirement,
		path: other?.path,
		issues: other?.issues,
		lang: config$1.lang,
		abortEarly: config$1.abortEarly,
		abortPipeEarly: config$1.abortPipeEarly
	};
	const isSchema = context.kind === "schema";
	const message$1 = other?.message ?? context.message ?? /* @__PURE__ */ getSpecificMessage(context.reference, issue.lang) ?? (isSchema ? /* @__PURE__ */ getSchemaMessage(issue.lang) : null) ?? config$1.message ?? /* @__PURE__ */ getGlobalMessage(issue.lang);
	if (message$1 !== void 0) issue.message = typeof message$1 === "function" ? message$1(issue) : message$1;
	if (isSchema) dataset.typed = false;
	if (dataset.issues) dataset.issues.push(issue);
	else dataset.issues = [issue];
}
/**
* Disallows inherited object properties and prevents object prototype
* pollution by disallowing certain keys.
*
* @param object The object to check.
* @param key The key to check.
*
* @returns Whether the key is allowed.
*
* @internal
*/
/* @__NO_SIDE_EFFECTS__ */
function _isValidObjectKey(object$1, key) {
	return Object.prototype.hasOwnProperty.call(object$1, key) && key !== "__proto__" && key !== "prototype" && key !== "constructor";
}
/**
* Joins multiple `expects` values with the given separator.
*
* @param values The `expects` values.
* @param separator The separator.
*
* @returns The joined `expects` property.
*
* @internal
*/
/* @__NO_SIDE_EFFECTS__ */
function _joinExpects(values$1, separator) {
	const list = [...new Set(values$1)];
	if (list.length > 1) return `(${list.join(` ${separator} `)})`;
	return list[0] ?? "never";
}
/**
* Eagerly creates and attaches the Standard Schema properties of a schema.
*
* Hint: The contextual `this` type includes the standard properties that are
* attached before the schema is returned.
*
* @param schema The schema to attach standard properties to.
*
* @returns The schema with standard properties attached.
*
* @internal
*/
function _standardSchema(schema) {
	schema["~standard"] = {
		version: 1,
		vendor: "valibot",
		validate: (value$1) => schema["~run"]({ value: value$1 }, /* @__PURE__ */ getGlobalConfig())
	};
	return schema;
}
/* @__NO_SIDE_EFFECTS__ */
function getDotPath(issue) {
	if (issue.path) {
		let key = "";
		for (const item of issue.path) if (typeof item.key === "string" || typeof item.key === "number") if (key) key += `.${item.key}`;
		else key += item.key;
		else return null;
		return key;
	}
	return null;
}
/**
* A Valibot error with useful information.
*/
var ValiError = class extends Error {
	/**
	* Creates a Valibot error with useful information.
	*
	* @param issues The error issues.
	*/
	constructor(issues) {
		super(issues[0].message);
		this.name = "ValiError";
		this.issues = issues;
	}
};
/* @__NO_SIDE_EFFECTS__ */
function check(requirement, message$1) {
	return {
		kind: "validation",
		type: "check",
		reference: check,
		async: false,
		expects: null,
		requirement,
		message: message$1,
		"~run"(dataset, config$1) {
			if (dataset.typed && !this.requirement(dataset.value)) _addIssue(this, "input", dataset, config$1);
			return dataset;
		}
	};
}
/**
* Creates a description metadata action.
*
* @param description_ The description text.
*
* @returns A description action.
*/
/* @__NO_SIDE_EFFECTS__ */
function description(description_) {
	return {
		kind: "metadata",
		type: "description",
		reference: description,
		description: description_
	};
}
/* @__NO_SIDE_EFFECTS__ */
function integer(message$1) {
	return {
		kind: "validation",
		type: "integer",
		reference: integer,
		async: false,
		expects: null,
		requirement: Number.isInteger,
		message: message$1,
		"~run"(dataset, config$1) {
			if (dataset.typed && !this.requirement(dataset.value)) _addIssue(this, "integer", dataset, config$1);
			return dataset;
		}
	};
}
/* @__NO_SIDE_EFFECTS__ */
function maxLength(requirement, message$1) {
	return {
		kind: "validation",
		type: "max_length",
		reference: maxLength,
		async: false,
		expects: `<=${requirement}`,
		requirement,
		message: message$1,
		"~run"(dataset, config$1) {
			if (dataset.typed && dataset.value.length > this.requirement) _addIssue(this, "length", dataset, config$1, { received: `${dataset.value.length}` });
			return dataset;
		}
	};
}
/* @__NO_SIDE_EFFECTS__ */
function minValue(requirement, message$1) {
	return {
		kind: "validation",
		type: "min_value",
		reference: minValue,
		async: false,
		expects: `>=${requirement instanceof Date ? requirement.toJSON() : /* @__PURE__ */ _stringify(requirement)}`,
		requirement,
		message: message$1,
		"~run"(dataset, config$1) {
			if (dataset.typed && !(dataset.value >= this.requirement)) _addIssue(this, "value", dataset, config$1, { received: dataset.value instanceof Date ? dataset.value.toJSON() : /* @__PURE__ */ _stringify(dataset.value) });
			return dataset;
		}
	};
}
/* @__NO_SIDE_EFFECTS__ */
function parseJson(config$1, message$1) {
	return {
		kind: "transformation",
		type: "parse_json",
		reference: parseJson,
		config: config$1,
		message: message$1,
		async: false,
		"~run"(dataset, config$2) {
			try {
				dataset.value = JSON.parse(dataset.value, this.config?.reviver);
			} catch (error) {
				if (error instanceof Error) {
					_addIssue(this, "JSON", dataset, config$2, { received: `"${error.message}"` });
					dataset.typed = false;
				} else throw error;
			}
			return dataset;
		}
	};
}
/* @__NO_SIDE_EFFECTS__ */
function safeInteger(message$1) {
	return {
		kind: "validation",
		type: "safe_integer",
		reference: safeInteger,
		async: false,
		expects: null,
		requirement: Number.isSafeInteger,
		message: message$1,
		"~run"(dataset, config$1) {
			if (dataset.typed && !this.requirement(dataset.value)) _addIssue(this, "safe integer", dataset, config$1);
			return dataset;
		}
	};
}
const ABORT_EARLY_CONFIG = { abortEarly: true };
/**
* Returns the fallback value of the schema.
*
* @param schema The schema to get it from.
* @param dataset The output dataset if available.
* @param config The config if available.
*
* @returns The fallback value.
*/
/* @__NO_SIDE_EFFECTS__ */
function getFallback(schema, dataset, config$1) {
	return typeof schema.fallback === "function" ? schema.fallback(dataset, config$1) : schema.fallback;
}
/**
* Returns the default value of the schema.
*
* @param schema The schema to get it from.
* @param dataset The input dataset if available.
* @param config The config if available.
*
* @returns The default value.
*/
/* @__NO_SIDE_EFFECTS__ */
function getDefault(schema, dataset, config$1) {
	return typeof schema.default === "function" ? schema.default(dataset, config$1) : schema.default;
}
/**
* Checks if the input matches the schema. By using a type predicate, this
* function can be used as a type guard.
*
* @param schema The schema to be used.
* @param input The input to be tested.
*
* @returns Whether the input matches the schema.
*/
/* @__NO_SIDE_EFFECTS__ */
function is(schema, input) {
	return !schema["~run"]({ value: input }, ABORT_EARLY_CONFIG).issues;
}
/* @__NO_SIDE_EFFECTS__ */
function array(item, message$1) {
	return _standardSchema({
		kind: "schema",
		type: "array",
		reference: array,
		expects: "Array",
		async: false,
		item,
		message: message$1,
		"~run"(dataset, config$1) {
			const input = dataset.value;
			if (Array.isArray(input)) {
				dataset.typed = true;
				dataset.value = [];
				for (let key = 0; key < input.length; key++) {
					const value$1 = input[key];
					const itemDataset = this.item["~run"]({ value: value$1 }, config$1);
					if (itemDataset.issues) {
						const pathItem = {
							type: "array",
							origin: "value",
							input,
							key,
							value: value$1
						};
						for (const issue of itemDataset.issues) {
							if (issue.path) issue.path.unshift(pathItem);
							else issue.path = [pathItem];
							dataset.issues?.push(issue);
						}
						if (!dataset.issues) dataset.issues = itemDataset.issues;
						if (config$1.abortEarly) {
							dataset.typed = false;
							break;
						}
					}
					if (!itemDataset.typed) dataset.typed = false;
					dataset.value.push(itemDataset.value);
				}
			} else _addIssue(this, "type", dataset, config$1);
			return dataset;
		}
	});
}
/* @__NO_SIDE_EFFECTS__ */
function boolean(message$1) {
	return _standardSchema({
		kind: "schema",
		type: "boolean",
		reference: boolean,
		expects: "boolean",
		async: false,
		message: message$1,
		"~run"(dataset, config$1) {
			if (typeof dataset.value === "boolean") dataset.typed = true;
			else _addIssue(this, "type", dataset, config$1);
			return dataset;
		}
	});
}
/* @__NO_SIDE_EFFECTS__ */
function custom(check$1, message$1) {
	return _standardSchema({
		kind: "schema",
		type: "custom",
		reference: custom,
		expects: "unknown",
		async: false,
		check: check$1,
		message: message$1,
		"~run"(dataset, config$1) {
			if (this.check(dataset.value)) dataset.typed = true;
			else _addIssue(this, "type", dataset, config$1);
			return dataset;
		}
	});
}
/* @__NO_SIDE_EFFECTS__ */
function looseObject(entries$1, message$1) {
	return _standardSchema({
		kind: "schema",
		type: "loose_object",
		reference: looseObject,
		expects: "Object",
		async: false,
		entries: entries$1,
		message: message$1,
		"~run"(dataset, config$1) {
			const input = dataset.value;
			if (input && typeof input === "object") {
				dataset.typed = true;
				dataset.value = {};
				for (const key in this.entries) {
					const valueSchema = this.entries[key];
					if (key in input || (valueSchema.type === "exact_optional" || valueSchema.type === "optional" || valueSchema.type === "nullish") && valueSchema.default !== void 0) {
						const value$1 = key in input ? input[key] : /* @__PURE__ */ getDefault(valueSchema);
						const valueDataset = valueSchema["~run"]({ value: value$1 }, config$1);
						if (valueDataset.issues) {
							const pathItem = {
								type: "object",
								origin: "value",
								input,
								key,
								value: value$1
							};
							for (const issue of valueDataset.issues) {
								if (issue.path) issue.path.unshift(pathItem);
								else issue.path = [pathItem];
								dataset.issues?.push(issue);
							}
							if (!dataset.issues) dataset.issues = valueDataset.issues;
							if (config$1.abortEarly) {
								dataset.typed = false;
								break;
							}
						}
						if (!valueDataset.typed) dataset.typed = false;
						dataset.value[key] = valueDataset.value;
					} else if (valueSchema.fallback !== void 0) dataset.value[key] = /* @__PURE__ */ getFallback(valueSchema);
					else if (valueSchema.type !== "exact_optional" && valueSchema.type !== "optional" && valueSchema.type !== "nullish") {
						_addIssue(this, "key", dataset, config$1, {
							input: void 0,
							expected: `"${key}"`,
							path: [{
								type: "object",
								origin: "key",
								input,
								key,
								value: input[key]
							}]
						});
						if (config$1.abortEarly) break;
					}
				}
				if (!dataset.issues || !config$1.abortEarly) {
					for (const key in input) if (/* @__PURE__ */ _isValidObjectKey(input, key) && !Object.prototype.hasOwnProperty.call(this.entries, key)) dataset.value[key] = input[key];
				}
			} else _addIssue(this, "type", dataset, config$1);
			return dataset;
		}
	});
}
/* @__NO_SIDE_EFFECTS__ */
function nullable(wrapped, default_) {
	return _standardSchema({
		kind: "schema",
		type: "nullable",
		reference: nullable,
		expects: `(${wrapped.expects} | null)`,
		async: false,
		wrapped,
		default: default_,
		"~run"(dataset, config$1) {
			if (dataset.value === null) {
				if (this.default !== void 0) dataset.value = /* @__PURE__ */ getDefault(this, dataset, config$1);
				if (dataset.value === null) {
					dataset.typed = true;
					return dataset;
				}
			}
			return this.wrapped["~run"](dataset, config$1);
		}
	});
}
/* @__NO_SIDE_EFFECTS__ */
function nullish(wrapped, default_) {
	return _standardSchema({
		kind: "schema",
		type: "nullish",
		reference: nullish,
		expects: `(${wrapped.expects} | null | undefined)`,
		async: false,
		wrapped,
		default: default_,
		"~run"(dataset, config$1) {
			if (dataset.value === null || dataset.value === void 0) {
				if (this.default !== void 0) dataset.value = /* @__PURE__ */ getDefault(this, dataset, config$1);
				if (dataset.value === null || dataset.value === void 0) {
					dataset.typed = true;
					return dataset;
				}
			}
			return this.wrapped["~run"](dataset, config$1);
		}
	});
}
/* @__NO_SIDE_EFFECTS__ */
function number(message$1) {
	return _standardSchema({
		kind: "schema",
		type: "number",
		reference: number,
		expects: "number",
		async: false,
		message: message$1,
		"~run"(dataset, config$1) {
			if (typeof dataset.value === "number" && !isNaN(dataset.value)) dataset.typed = true;
			else _addIssue(this, "type", dataset, config$1);
			return dataset;
		}
	});
}
/* @__NO_SIDE_EFFECTS__ */
function object(entries$1, message$1) {
	return _standardSchema({
		kind: "schema",
		type: "object",
		reference: object,
		expects: "Object",
		async: false,
		entries: entries$1,
		message: message$1,
		"~run"(dataset, config$1) {
			const input = dataset.value;
			if (input && typeof input === "object") {
				dataset.typed = true;
				dataset.value = {};
				for (const key in this.entries) {
					const valueSchema = this.entries[key];
					if (key in input || (valueSchema.type === "exact_optional" || valueSchema.type === "optional" || valueSchema.type === "nullish") && valueSchema.default !== void 0) {
						const value$1 = key in input ? input[key] : /* @__PURE__ */ getDefault(valueSchema);
						const valueDataset = valueSchema["~run"]({ value: value$1 }, config$1);
						if (valueDataset.issues) {
							const pathItem = {
								type: "object",
								origin: "value",
								input,
								key,
								value: value$1
							};
							for (const issue of valueDataset.issues) {
								if (issue.path) issue.path.unshift(pathItem);
								else issue.path = [pathItem];
								dataset.issues?.push(issue);
							}
							if (!dataset.issues) dataset.issues = valueDataset.issues;
							if (config$1.abortEarly) {
								dataset.typed = false;
								break;
							}
						}
						if (!valueDataset.typed) dataset.typed = false;
						dataset.value[key] = valueDataset.value;
					} else if (valueSchema.fallback !== void 0) dataset.value[key] = /* @__PURE__ */ getFallback(valueSchema);
					else if (valueSchema.type !== "exact_optional" && valueSchema.type !== "optional" && valueSchema.type !== "nullish") {
						_addIssue(this, "key", dataset, config$1, {
							input: void 0,
							expected: `"${key}"`,
							path: [{
								type: "object",
								origin: "key",
								input,
								key,
								value: input[key]
							}]
						});
						if (config$1.abortEarly) break;
					}
				}
			} else _addIssue(this, "type", dataset, config$1);
			return dataset;
		}
	});
}
/* @__NO_SIDE_EFFECTS__ */
function optional(wrapped, default_) {
	return _standardSchema({
		kind: "schema",
		type: "optional",
		reference: optional,
		expects: `(${wrapped.expects} | undefined)`,
		async: false,
		wrapped,
		default: default_,
		"~run"(dataset, config$1) {
			if (dataset.value === void 0) {
				if (this.default !== void 0) dataset.value = /* @__PURE__ */ getDefault(this, dataset, config$1);
				if (dataset.value === void 0) {
					dataset.typed = true;
					return dataset;
				}
			}
			return this.wrapped["~run"](dataset, config$1);
		}
	});
}
/* @__NO_SIDE_EFFECTS__ */
function record(key, value$1, message$1) {
	return _standardSchema({
		kind: "schema",
		type: "record",
		reference: record,
		expects: "Object",
		async: false,
		key,
		value: value$1,
		message: message$1,
		"~run"(dataset, config$1) {
			const input = dataset.value;
			if (input && typeof input === "object") {
				dataset.typed = true;
				dataset.value = {};
				for (const entryKey in input) if (/* @__PURE__ */ _isValidObjectKey(input, entryKey)) {
					const entryValue = input[entryKey];
					const keyDataset = this.key["~run"]({ value: entryKey }, config$1);
					if (keyDataset.issues) {
						const pathItem = {
							type: "object",
							origin: "key",
							input,
							key: entryKey,
							value: entryValue
						};
						for (const issue of keyDataset.issues) {
							issue.path = [pathItem];
							dataset.issues?.push(issue);
						}
						if (!dataset.issues) dataset.issues = keyDataset.issues;
						if (config$1.abortEarly) {
							dataset.typed = false;
							break;
						}
					}
					const valueDataset = this.value["~run"]({ value: entryValue }, config$1);
					if (valueDataset.issues) {
						const pathItem = {
							type: "object",
							origin: "value",
							input,
							key: entryKey,
							value: entryValue
						};
						for (const issue of valueDataset.issues) {
							if (issue.path) issue.path.unshift(pathItem);
							else issue.path = [pathItem];
							dataset.issues?.push(issue);
						}
						if (!dataset.issues) dataset.issues = valueDataset.issues;
						if (config$1.abortEarly) {
							dataset.typed = false;
							break;
						}
					}
					if (!keyDataset.typed || !valueDataset.typed) dataset.typed = false;
					if (keyDataset.typed) dataset.value[keyDataset.value] = valueDataset.value;
				}
			} else _addIssue(this, "type", dataset, config$1);
			return dataset;
		}
	});
}
/* @__NO_SIDE_EFFECTS__ */
function strictObject(entries$1, message$1) {
	return _standardSchema({
		kind: "schema",
		type: "strict_object",
		reference: strictObject,
		expects: "Object",
		async: false,
		entries: entries$1,
		message: message$1,
		"~run"(dataset, config$1) {
			const input = dataset.value;
			if (input && typeof input === "object") {
				dataset.typed = true;
				dataset.value = {};
				for (const key in this.entries) {
					const valueSchema = this.entries[key];
					if (key in input || (valueSchema.type === "exact_optional" || valueSchema.type === "optional" || valueSchema.type === "nullish") && valueSchema.default !== void 0) {
						const value$1 = key in input ? input[key] : /* @__PURE__ */ getDefault(valueSchema);
						const valueDataset = valueSchema["~run"]({ value: value$1 }, config$1);
						if (valueDataset.issues) {
							const pathItem = {
								type: "object",
								origin: "value",
								input,
								key,
								value: value$1
							};
							for (const issue of valueDataset.issues) {
								if (issue.path) issue.path.unshift(pathItem);
								else issue.path = [pathItem];
								dataset.issues?.push(issue);
							}
							if (!dataset.issues) dataset.issues = valueDataset.issues;
							if (config$1.abortEarly) {
								dataset.typed = false;
								break;
							}
						}
						if (!valueDataset.typed) dataset.typed = false;
						dataset.value[key] = valueDataset.value;
					} else if (valueSchema.fallback !== void 0) dataset.value[key] = /* @__PURE__ */ getFallback(valueSchema);
					else if (valueSchema.type !== "exact_optional" && valueSchema.type !== "optional" && valueSchema.type !== "nullish") {
						_addIssue(this, "key", dataset, config$1, {
							input: void 0,
							expected: `"${key}"`,
							path: [{
								type: "object",
								origin: "key",
								input,
								key,
								value: input[key]
							}]
						});
						if (config$1.abortEarly) break;
					}
				}
				if (!dataset.issues || !config$1.abortEarly) {
					for (const key in input) if (!Object.prototype.hasOwnProperty.call(this.entries, key)) {
						_addIssue(this, "key", dataset, config$1, {
							input: key,
							expected: "never",
							path: [{
								type: "object",
								origin: "key",
								input,
								key,
								value: input[key]
							}]
						});
						break;
					}
				}
			} else _addIssue(this, "type", dataset, config$1);
			return dataset;
		}
	});
}
/* @__NO_SIDE_EFFECTS__ */
function string(message$1) {
	return _standardSchema({
		kind: "schema",
		type: "string",
		reference: string,
		expects: "string",
		async: false,
		message: message$1,
		"~run"(dataset, config$1) {
			if (typeof dataset.value === "string") dataset.typed = true;
			else _addIssue(this, "type", dataset, config$1);
			return dataset;
		}
	});
}
/**
* Returns the sub issues of the provided datasets for the union issue.
*
* @param datasets The datasets.
*
* @returns The sub issues.
*
* @internal
*/
/* @__NO_SIDE_EFFECTS__ */
function _subIssues(datasets) {
	let issues;
	if (datasets) for (const dataset of datasets) if (issues) for (const issue of dataset.issues) issues.push(issue);
	else issues = dataset.issues;
	return issues;
}
/* @__NO_SIDE_EFFECTS__ */
function union(options, message$1) {
	return _standardSchema({
		kind: "schema",
		type: "union",
		reference: union,
		expects: /* @__PURE__ */ _joinExpects(options.map((option) => option.expects), "|"),
		async: false,
		options,
		message: message$1,
		"~run"(dataset, config$1) {
			let validDataset;
			let typedDatasets;
			let untypedDatasets;
			for (const schema of this.options) {
				const optionDataset = schema["~run"]({ value: dataset.value }, config$1);
				if (optionDataset.typed) if (optionDataset.issues) if (typedDatasets) typedDatasets.push(optionDataset);
				else typedDatasets = [optionDataset];
				else {
					validDataset = optionDataset;
					break;
				}
				else if (untypedDatasets) untypedDatasets.push(optionDataset);
				else untypedDatasets = [optionDataset];
			}
			if (validDataset) return validDataset;
			if (typedDatasets) {
				if (typedDatasets.length === 1) return typedDatasets[0];
				_addIssue(this, "type", dataset, config$1, { issues: /* @__PURE__ */ _subIssues(typedDatasets) });
				dataset.typed = true;
			} else if (untypedDatasets?.length === 1) return untypedDatasets[0];
			else _addIssue(this, "type", dataset, config$1, { issues: /* @__PURE__ */ _subIssues(untypedDatasets) });
			return dataset;
		}
	});
}
/**
* Creates a unknown schema.
*
* @returns A unknown schema.
*/
/* @__NO_SIDE_EFFECTS__ */
function unknown() {
	return _standardSchema({
		kind: "schema",
		type: "unknown",
		reference: unknown,
		expects: "unknown",
		async: false,
		"~run"(dataset) {
			dataset.typed = true;
			return dataset;
		}
	});
}
/**
* Parses an unknown input based on a schema.
*
* @param schema The schema to be used.
* @param input The input to be parsed.
* @param config The parse configuration.
*
* @returns The parsed input.
*/
function parse(schema, input, config$1) {
	const dataset = schema["~run"]({ value: input }, /* @__PURE__ */ getGlobalConfig(config$1));
	if (dataset.issues) throw new ValiError(dataset.issues);
	return dataset.value;
}
/* @__NO_SIDE_EFFECTS__ */
function pipe(...pipe$1) {
	return _standardSchema({
		...pipe$1[0],
		pipe: pipe$1,
		"~run"(dataset, config$1) {
			for (const item of pipe$1) if (item.kind !== "metadata") {
				if (dataset.issues && (item.kind === "schema" || item.kind === "transformation")) {
					dataset.typed = false;
					break;
				}
				if (!dataset.issues || !config$1.abortEarly && !config$1.abortPipeEarly) dataset = item["~run"](dataset, config$1);
			}
			return dataset;
		}
	});
}
/**
* Parses an unknown input based on a schema.
*
* @param schema The schema to be used.
* @param input The input to be parsed.
* @param config The parse configuration.
*
* @returns The parse result.
*/
/* @__NO_SIDE_EFFECTS__ */
function safeParse(schema, input, config$1) {
	const dataset = schema["~run"]({ value: input }, /* @__PURE__ */ getGlobalConfig(config$1));
	return {
		typed: dataset.typed,
		success: !dataset.issues,
		output: dataset.value,
		issues: dataset.issues
	};
}

// src/oci/errors.ts
/** A failed request to a registry, as data. Its message contains no query and no credential. */
var RegistryError = class extends Error {
	name = "RegistryError";
	method;
	/** Without query and user info: signed URLs carry credentials. */
	url;
	/** Undefined when there was no response. */
	status;
	/** The codes of the response's `errors`, such as `NAME_UNKNOWN`. */
	codes;
	/** True when the same request may succeed later. */
	retryable;
	/**
	* True for a refusal that usually means what it says, but that a proxy on the way or a broken node of the registry may
	* send as well: a few retries show which it is.
	*/
	ambiguous;
	/** Host of the registry. `url` may be at another host: its storage or token service. */
	registry;
	/** How long the registry asks the client to wait, in milliseconds. */
	retryAfter;
	constructor(problem) {
		const url = redactUrl(problem.url);
		super(`${problem.method} ${url}: ${problem.cause}`, { cause: problem.error });
		this.method = problem.method;
		this.url = url;
		this.status = problem.status;
		this.codes = problem.codes ?? [];
		this.retryable = problem.retryable ?? false;
		this.ambiguous = problem.ambiguous ?? false;
		this.registry = problem.registry ?? problem.url.host;
		this.retryAfter = problem.retryAfter;
	}
};
/** The message of any thrown value. */
function messageOf(error) {
	return error instanceof Error ? error.message : String(error);
}
/** True when a registry or its token service denies access. */
function isAccessDenied(error) {
	return error instanceof RegistryError && !error.retryable && (error.status === 401 || error.status === 403);
}
/** `url` without the parts that may contain a credential: user info, query and fragment. */
function redactUrl(url) {
	return `${url.protocol}//${url.host}${url.pathname}`;
}
/**
* One line of printable text of at most `limit` characters, from untrusted text. Characters that change the direction of
* writing are removed, and so is what may be a credential.
*/
function printable(text, limit = 300) {
	const line = withoutCredentials(text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_C}]+/gu, " ")).replaceAll("##[", "# # [").trim();
	return line.length > limit ? `${line.slice(0, limit)}…` : line;
}
/** Docker and registries quote signed URLs, and the header that they refuse. */
function withoutCredentials(text) {
	return text.replace(/(?<=https?:\/\/)[^\s/?#"'`<>]*@/gi, "").replace(/(?<=https?:\/\/[^\s?#"'`<>]*)[?#][^\s"'`<>]*/gi, "").replace(/\b(basic|bearer) +[\w.~+/=-]{16,}/gi, "$1 …");
}
const ErrorBody = object({ errors: pipe(array(object({
	code: optional(string(), "UNKNOWN"),
	message: optional(nullable(string()), "")
})), maxLength(100)) });
/**
* The codes and one line of text of an error body, which may be the specification's JSON, HTML or plain text.
* https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
*/
function readErrorBody(body) {
	const parsed = safeParse(ErrorBody, tryJson(body));
	if (!parsed.success) return {
		codes: [],
		text: /^\s*</.test(body) ? "the response is an HTML page" : printable(body)
	};
	const { errors } = parsed.output;
	return {
		codes: errors.map(({ code }) => printable(code, 60)),
		text: printable(errors.map(({ code, message }) => message ? `${code}: ${message}` : code).join("; "))
	};
}
function tryJson(text) {
	try {
		return JSON.parse(text);
	} catch {
		return;
	}
}

// src/inputs/reader.ts
/** Problems of inputs; each names the input, its value, what is allowed and what to do. */
var InputError = class extends Error {
	name = "InputError";
	constructor(problems, options) {
		super(problems.length === 1 ? problems.join("") : `${problems.length} inputs are wrong:\n- ${problems.join("\n- ")}`, options);
	}
};
const TRUE = /* @__PURE__ */ new Set([
	"true",
	"True",
	"TRUE"
]);
const FALSE = /* @__PURE__ */ new Set([
	"false",
	"False",
	"FALSE"
]);
const UNIT_MS$1 = /* @__PURE__ */ new Map([
	["ms", 1],
	["s", 1e3],
	["m", 6e4],
	["h", 36e5]
]);
const LONGEST_SHOWN_CHARACTERS = 100;
/** Longer than any job, and short enough for a timer. */
const LONGEST_DURATION_MS = 18e8;
/**
* Reads inputs by type and collects their problems, so that all are reported together. After a problem, a reader
* continues with a harmless value, and `finish` throws later.
*/
var InputReader = class {
	#get;
	#problems = [];
	/** @param get returns an input's trimmed text; empty when it is not set */
	constructor(get) {
		this.#get = get;
	}
	problem(name, what) {
		this.#problems.push(`${name}: ${what}`);
	}
	/** @throws InputError with all problems, if there were any */
	finish() {
		if (this.#problems.length > 0) throw new InputError(this.#problems);
	}
	text(name) {
		return this.#get(name);
	}
	optional(name) {
		return this.#get(name) || void 0;
	}
	required(name, what) {
		const value = this.#get(name);
		if (value === "") this.problem(name, `is required: ${what}`);
		return value;
	}
	/** A list, in the form that `listOf` reads. */
	list(name) {
		return listOf(this.#get(name));
	}
	choice(name, allowed) {
		const value = this.#get(name);
		const found = allowed.find((choice) => choice === value);
		if (found === void 0) this.problem(name, `${show(value)} is not one of ${allowed.join(", ")}`);
		return found ?? allowed[0];
	}
	/** The booleans of YAML 1.2's core schema, which `core.getBooleanInput` accepts. https://yaml.org/spec/1.2.2/#10212-boolean */
	boolean(name) {
		const value = this.#get(name);
		if (!TRUE.has(value) && !FALSE.has(value)) this.problem(name, `${show(value)} is neither true nor false`);
		return TRUE.has(value);
	}
	integer(name, min, max) {
		const value = this.#get(name);
		const number = /^\d{1,9}$/.test(value) ? Number(value) : NaN;
		if (number >= min && number <= max) return number;
		this.problem(name, `${show(value)} is not a whole number from ${min} to ${max}`);
		return min;
	}
	/** A time with its unit, such as `30s`; in milliseconds. */
	duration(name) {
		const value = this.#get(name);
		const [, number = "", unit = ""] = /^(\d{1,9})\s*(ms|s|m|h)$/.exec(value) ?? [];
		const ms = Number(number) * (UNIT_MS$1.get(unit) ?? 0);
		if (ms > 0 && ms <= LONGEST_DURATION_MS) return ms;
		const most = ms > LONGEST_DURATION_MS ? ` of at most ${LONGEST_DURATION_MS / 36e5} hours` : "";
		this.problem(name, `${show(value)} is not a time with its unit${most}, such as 500ms, 30s, 10m or 2h`);
		return 1;
	}
};
/** Splits a list: one item per line, or comma-separated. `#` starts a comment, at a line's start or after a space. */
function listOf(text) {
	return text.split(/\r?\n/).flatMap((line) => line.replace(/(?:^|\s)#.*$/, "").split(",")).map((item) => item.trim()).filter((item) => item !== "");
}
/** A value as an error shows it: quoted, on one line, and cut when it is long. */
function show(value) {
	return JSON.stringify(value.length > LONGEST_SHOWN_CHARACTERS ? `${value.slice(0, LONGEST_SHOWN_CHARACTERS)}…` : value);
}

// src/mirror/namespace.ts
/** `gcr.io/distroless`; the host alone when the path is empty. */
function formatNamespace({ registry, path }) {
	return path === "" ? registry : `${registry}/${path}`;
}
/** The full path of `image` in its registry, as it stands in `/v2/<repository>/`. */
function repositoryIn({ path }, image) {
	return path === "" ? image : `${path}/${image}`;
}
/**
* Reads `host/path`, `host` or, in `defaultRegistry`, `path`. The first part is a host when it has a dot or a
* port or is `localhost`, as docker reads references.
*
* @returns the namespace, or a sentence that says what is wrong with `text`
*/
function parseNamespace(text, defaultRegistry) {
	const slash = text.indexOf("/");
	const first = slash === -1 ? text : text.slice(0, slash);
	const hasHost = looksLikeHost(first);
	const host = hasHost ? first.toLowerCase() : defaultRegistry;
	const path = hasHost ? slash === -1 ? "" : text.slice(slash + 1) : text;
	if (!isRegistryHost(host)) return `"${host}" is not a registry host`;
	if (path === "" && slash !== -1) return "nothing follows the \"/\"";
	if (path !== "" && !isRepositoryName(path)) return `"${path}" is not a repository path: lower-case letters and digits, separated by one of . - _ within a part and by / between parts`;
	return {
		registry: canonicalHost(host),
		path
	};
}

// src/mirror/target-names.ts
/** The placeholders of the input `target-name`. */
const PLACEHOLDERS = [
	"registry",
	"namespace",
	"image"
];
/**
* Fills in `template` for one image and returns the path in the target's registry. Where the target can't nest, `/`
* becomes `_`. The `:` before a host's port, which is not allowed in a repository name, becomes `-`.
*/
function targetRepository(template, target, source, image) {
	const filled = template.replaceAll("{registry}", source.registry.replaceAll(/[[\]]/g, "").replaceAll(":", "-")).replaceAll("{namespace}", source.path).replaceAll("{image}", image).replaceAll(/\/{2,}/g, "/").replaceAll(/^\/|\/$/g, "");
	return repositoryIn(target, canNest(target.registry) ? filled : filled.replaceAll("/", "_"));
}
/**
* Computes the target repository of every image of a run.
*
* @throws Error that lists, with the remedy, the names that the specification does not allow and the sources that
*   would overwrite each other
*/
function nameTargets(all) {
	const owners = /* @__PURE__ */ new Map();
	const problems = [];
	const names = /* @__PURE__ */ new Map();
	for (const { name, settings, listing } of all) {
		const { namespace, target, targetName } = settings;
		const repositories = /* @__PURE__ */ new Map();
		names.set(name, repositories);
		for (const [image, { repository }] of listing.images) {
			const targetPath = targetRepository(targetName, target, namespace, image);
			const source = `${namespace.registry}/${repository}`;
			const destination = `${target.registry}/${targetPath}`;
			const owner = owners.get(destination);
			if (!isRepositoryName(targetPath)) problems.push(`${source} would go to "${targetPath}", which is not a repository name`);
			else if (owner !== void 0) problems.push(`${owner} and ${source} would both go to ${destination}`);
			owners.set(destination, source);
			repositories.set(image, targetPath);
		}
	}
	if (problems.length > 0) throw new Error(clashMessage(problems));
	return names;
}
/** The number of problems that the message lists. */
const MAX_PROBLEMS_SHOWN = 20;
function clashMessage(problems) {
	const more = problems.length > MAX_PROBLEMS_SHOWN ? [`and ${problems.length - MAX_PROBLEMS_SHOWN} more`] : [];
	return `Nothing was copied: ${[...problems.slice(0, MAX_PROBLEMS_SHOWN), ...more].join("; ")}. Give them different names with "target-name" ({registry}, {namespace} and {image} are its placeholders), leave one out with "exclude", or mirror the namespaces to different targets.`;
}

// src/mirror/versions.ts
var import_semver = /* @__PURE__ */ __toESM(require_semver(), 1);
/**
* A version as tags are written: with or without a `v`, one to three numbers with or without leading zeros, a prerelease
* after `-`, and, as tags can't contain a `+`, build metadata after `_`.
*/
const VERSION = /^v?(\d{1,15})(?:\.(\d{1,15}))?(?:\.(\d{1,15}))?(?:-([0-9A-Za-z.-]+))?(?:_([0-9A-Za-z._-]+))?$/;
/** The version that `tag` names, `1.20` as 1.20.0; undefined when the tag is not a version. */
function versionOf(tag) {
	const [match, major, minor = "0", patch = "0", prerelease] = VERSION.exec(tag) ?? [];
	if (match === void 0) return void 0;
	const numbers = [
		major,
		minor,
		patch
	].map(Number).join(".");
	const suffix = prerelease === void 0 ? "" : `-${prerelease}`;
	return import_semver.default.parse(numbers + suffix, { loose: true }) ?? void 0;
}
/** True for a tag that names one release permanently: `v1.2.3`, `1.2.3-rc.1`, and not `v1`, `1.2` or `latest`. */
function isFullVersion(tag) {
	return VERSION.exec(tag)?.[3] !== void 0 && versionOf(tag) !== void 0;
}
/** Sorts the newest version first. Tags that are not versions come last, by name. `1.2.0` comes before `1.2`, and that before `1`. */
function newestVersionFirst(a, b) {
	const [first, second] = [versionOf(a), versionOf(b)];
	if (!first || !second) return first ? -1 : second ? 1 : byName(a, b);
	return import_semver.default.rcompare(first, second) || b.split(".").length - a.split(".").length || byName(a, b);
}
function byName(a, b) {
	return a < b ? -1 : a > b ? 1 : 0;
}
/**
* Compiles a range of versions into a test for tags that name a version inside it. Prereleases are outside, unless the
* range itself names one: `>=1.20` excludes `1.21.0-rc.1`, `>=1.20-0` includes it.
* https://github.com/npm/node-semver#ranges, https://github.com/Masterminds/semver#working-with-prerelease-versions
*
* @returns undefined when `range` is not a range of versions
*/
function compileRange(range) {
	const whole = completed(range);
	const options = {
		loose: true,
		includePrerelease: /\d-\w/.test(whole)
	};
	if (import_semver.default.validRange(whole, options) === null) return void 0;
	const compiled = new import_semver.default.Range(whole, options);
	return (tag) => {
		const version = versionOf(tag);
		return version !== void 0 && compiled.test(version);
	};
}
/** Adds the zeros that node-semver needs before a prerelease and other libraries don't: `1.20-0`, `*-0`. */
function completed(range) {
	return range.replaceAll(/(?<![\w.*-])[*x]-0(?![\w.])/gi, ">=0.0.0-0").replaceAll(/(?<![\w.-])(v?\d+)(\.\d+)?(?=-[0-9a-z])/gi, (_, major, minor = ".0") => `${major}${minor}.0`);
}

// src/inputs/age-or-date.ts
const UNIT_MS = /* @__PURE__ */ new Map([
	["h", 36e5],
	["d", 864e5],
	["w", 6048e5]
]);
/** A time of https://www.rfc-editor.org/rfc/rfc3339#section-5.6, or a date alone, which means its start in UTC. */
const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))?$/;
/**
* Reads a date, or an age such as `90d`, which is counted back from `now`.
*
* @param now milliseconds since the epoch
* @returns milliseconds since the epoch; undefined when `text` is neither
*/
function parseAgeOrDate(text, now) {
	const [, number, unit = ""] = /^(\d{1,6})\s*([hdw])$/.exec(text) ?? [];
	if (number !== void 0) return now - Number(number) * (UNIT_MS.get(unit) ?? 0);
	const time = DATE.test(text) ? Date.parse(text) : NaN;
	return Number.isNaN(time) ? void 0 : time;
}

// src/inputs/settings.ts
const LONGEST_RANGE_CHARACTERS = 1e3;
const LONGEST_PATTERN_CHARACTERS = 1e3;
/**
* Checks the settings of one place.
*
* @param now milliseconds since the epoch
*/
function readSettings(raw, report, now) {
	const target = raw.target === void 0 ? void 0 : readTarget(raw.target, report);
	const targetName = raw["target-name"];
	if (targetName !== void 0) checkTemplate(targetName, report);
	const platforms = raw.platforms && readPlatforms(raw.platforms, report);
	checkPatterns("include", raw.include, report);
	checkPatterns("exclude", raw.exclude, report);
	const { include, exclude, semver, latest, referrers } = raw;
	if (semver !== void 0 && (semver.length > LONGEST_RANGE_CHARACTERS || !compileRange(semver))) report("semver", `${show(semver)} is not a range of versions, such as >=1.20 or ^2.0 || ~1.9`);
	if (latest !== void 0 && !(Number.isInteger(latest) && latest >= 1)) report("latest", `${latest} is not a whole number of at least 1`);
	const newerThan = raw["newer-than"] === void 0 ? void 0 : readNewerThan(raw["newer-than"], report, now);
	return {
		...target && { target },
		...targetName !== void 0 && { targetName },
		...platforms && { platforms },
		...referrers !== void 0 && { referrers },
		...include && { include },
		...exclude && { exclude },
		...semver !== void 0 && { semver },
		...newerThan !== void 0 && { newerThan },
		...latest !== void 0 && { latest }
	};
}
/** The settings that no place sets. */
const DEFAULTS = {
	targetName: "{image}",
	platforms: "all",
	referrers: false
};
/**
* The settings of `namespace`: its `own` come first, then the inputs, then the file's defaults. The patterns of the
* inputs narrow those of the file further, because a plan passes them to its jobs.
*
* @returns undefined when no place names a target
*/
function resolveSettings(namespace, own, inputs, defaults) {
	const { target, targetName, platforms, referrers, semver, newerThan, latest } = {
		...DEFAULTS,
		...defaults,
		...inputs,
		...own
	};
	if (!target) return void 0;
	return {
		namespace,
		target,
		targetName,
		platforms,
		referrers,
		filters: {
			include: [inputs.include ?? [], own.include ?? defaults.include ?? []],
			exclude: [...inputs.exclude ?? [], ...own.exclude ?? defaults.exclude ?? []],
			...semver !== void 0 && { semver },
			...newerThan !== void 0 && { newerThan },
			...latest !== void 0 && { latest }
		}
	};
}
function readTarget(text, report) {
	if (!looksLikeHost(text.split("/")[0] ?? "")) {
		report("target", `${show(text)} names no registry: use ${TARGET_EXAMPLE}`);
		return;
	}
	const target = parseNamespace(text, "");
	if (typeof target !== "string") return target;
	report("target", `${show(text)}: ${target}`);
}
/** A referrer names the digest of its image. */
const REFERRERS_NEED_DIGESTS = "needs engine: registry, because an image that docker pushes gets another digest than the one that was signed";
/** A target, as messages describe it. */
const TARGET_EXAMPLE = "the registry and namespace to push to, such as docker.io/gcrxio";
function checkTemplate(template, report) {
	const known = PLACEHOLDERS;
	for (const [, name = ""] of template.matchAll(/\{([^{}]*)\}/g)) if (!known.includes(name)) report("target-name", `{${name}} is not one of {${known.join("}, {")}}`);
	if (!template.includes("{image}")) report("target-name", `${show(template)} must contain {image}`);
}
function readPlatforms(list, report) {
	if (list.length === 0 || list.length === 1 && list[0] === "all") return "all";
	for (const platform of list) {
		if (/^[a-z0-9]+\/[a-z0-9]+(?:\/[a-z0-9.]+)?$/.test(platform)) continue;
		report("platforms", `${show(platform)} is neither "all" nor a platform such as linux/amd64 or linux/arm64/v8`);
	}
	return Array.from(new Set(list)).toSorted();
}
function checkPatterns(name, patterns, report) {
	for (const pattern of patterns ?? []) if (pattern.length > LONGEST_PATTERN_CHARACTERS) report(name, `${show(pattern)} is longer than ${LONGEST_PATTERN_CHARACTERS} characters`);
}
function readNewerThan(text, report, now) {
	const time = parseAgeOrDate(text, now);
	if (time === void 0) report("newer-than", `${show(text)} is neither an age, such as 90d or 12h, nor a date, such as 2026-01-31`);
	return time;
}

export { integer as A, parseJson as B, redactUrl as C, custom as D, check as E, nullish as F, strictObject as G, record as H, number as I, unknown as J, string as K, object as L, looseObject as M, minValue as N, description as O, nullable as P, optional as R, readErrorBody as S, boolean as T, safeInteger as U, pipe as V, safeParse as W, show as _, resolveSettings as a, messageOf as b, newestVersionFirst as c, formatNamespace as d, parseNamespace as f, listOf as g, InputReader as h, readSettings as i, is as j, getDotPath as k, nameTargets as l, InputError as m, REFERRERS_NEED_DIGESTS as n, compileRange as o, repositoryIn as p, union as q, TARGET_EXAMPLE as r, isFullVersion as s, DEFAULTS as t, targetRepository as u, RegistryError as v, array as w, printable as x, isAccessDenied as y, parse as z };