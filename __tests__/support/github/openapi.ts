import { readFileSync } from 'node:fs';
import { type ValidateFunction, Ajv } from 'ajv';
import * as v from 'valibot';

const Operation = v.looseObject({
  requestBody: v.optional(v.looseObject({ content: v.record(v.string(), v.looseObject({})) })),
  responses: v.record(v.string(), v.looseObject({})),
});
const Description = v.looseObject({
  paths: v.record(v.string(), v.record(v.string(), v.unknown())),
});

interface Checked {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Parsed JSON; undefined where there is none. */
  readonly requestBody: unknown;
  readonly responseBody: unknown;
}

/** Checks requests and answers against GitHub's own OpenAPI description. */
export class OpenApiCheck {
  readonly #ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction | undefined>();
  readonly #description: v.InferOutput<typeof Description>;
  readonly #routes: { template: string; pattern: RegExp }[];

  constructor(file = new URL('../../data/github-openapi.json', import.meta.url)) {
    const json: unknown = mend(JSON.parse(readFileSync(file, 'utf8')));
    this.#description = v.parse(Description, json);
    this.#ajv.addSchema(this.#description, 'github');
    this.#routes = Object.keys(this.#description.paths).map((template) => ({
      template,
      pattern: toPattern(template),
    }));
  }

  /** What is wrong with an exchange; empty when it is as described. */
  check({ method, path, status, requestBody, responseBody }: Checked): string[] {
    const route = this.#routes.find(({ pattern }) => pattern.test(path));
    if (!route) return [`${method} ${path}: not in GitHub's description`];
    const operation = v.safeParse(Operation, this.#description.paths[route.template]?.[method.toLowerCase()]);
    if (!operation.success) return [`${method} ${route.template}: no such method`];
    const at = ['paths', route.template, method.toLowerCase()];
    const problems: string[] = [];
    if (requestBody !== undefined && operation.output.requestBody) {
      problems.push(
        ...this.#validate([...at, 'requestBody', 'content', 'application/json', 'schema'], requestBody),
      );
    }
    if (responseBody !== undefined && operation.output.responses[status]) {
      problems.push(
        ...this.#validate(
          [...at, 'responses', String(status), 'content', 'application/json', 'schema'],
          responseBody,
        ),
      );
    }
    return problems.map((problem) => `${method} ${path} ${status}: ${problem}`);
  }

  #validate(pointer: readonly string[], value: unknown): string[] {
    const reference = `github#/${pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
    if (!this.#validators.has(reference)) this.#validators.set(reference, this.#ajv.getSchema(reference));
    const validate = this.#validators.get(reference);
    if (!validate || validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
  }
}

/**
 * Two things that ajv can't take as they are: `nullable` beside no `type`, and the 409's `oneOf`, of which both
 * members match.
 */
function mend(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(mend);
  if (typeof node !== 'object' || node === null) return node;
  const { nullable, oneOf, ...rest } = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, mend(value)]),
  );
  const mended = { ...rest, ...(oneOf !== undefined && { anyOf: oneOf }) };
  if (nullable !== true) return mended;
  return 'type' in mended ? { ...mended, nullable } : { anyOf: [mended, { type: 'null' }] };
}

function toPattern(template: string): RegExp {
  // The path of the root folder is empty, without the slash in front of it.
  const pattern = template.replace(/\/\{path\}/, '(?:/.+)?').replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${pattern}$`);
}
