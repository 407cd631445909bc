import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INPUT_NAMES, editDistance, nearestInput, resolveNames } from '../../../src/inputs/input-names.ts';
import { inputProblems } from '../../support/fixtures/inputs.ts';

/** The step's environment, as the runner makes it of `with`. */
function envOf(given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]),
  );
}

function resolve(given: Readonly<Record<string, string>>, renamed?: ReadonlyMap<string, string>) {
  const env = envOf(given);
  const get = (name: string): string => env[`INPUT_${name.toUpperCase()}`] ?? '';
  return resolveNames({ get, env }, renamed);
}

describe('nearestInput', () => {
  it.each([
    ['targt', 'target'],
    ['targte', 'target'],
    ['targets', 'target'],
    ['namespace', 'namespaces'],
    ['exlude', 'exclude'],
    ['dry_run', 'dry-run'],
    ['dryrun', 'dry-run'],
    ['github_token', 'github-token'],
    ['user', 'username'],
    ['user-name', 'username'],
    ['metadata-repo', 'metadata-repository'],
    ['source-pasword', 'source-password'],
    ['repository', 'metadata-repository'],
    ['plattform', 'platforms'],
  ])('%s is close to %s', (name, input) => {
    expect(nearestInput(name)).toBe(input);
  });

  it.each(['tag', 'path', 'fetch-depth', 'node-version', 'token', 'who-to-greet', 'x', ''])(
    '%j is close to none',
    (name) => {
      expect(nearestInput(name)).toBeUndefined();
    },
  );

  it('survives the loss of any character but the first', () => {
    for (const name of INPUT_NAMES.filter(({ length }) => length > 6))
      for (let index = 1; index < name.length; index += 1)
        expect(nearestInput(name.slice(0, index) + name.slice(index + 1))).toBe(name);
  });
});

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['target', 'target', 0],
    ['targt', 'target', 1],
    ['targte', 'target', 1],
    ['include', 'exclude', 2],
    ['', 'mode', 4],
  ])('from %j to %j is %d', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('is symmetric, and at most the length of the longer text', () => {
    const text = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });
});

describe('resolveNames', () => {
  it('finds a misspelt input, and reads it under its right name', () => {
    const { misspelt, get } = resolve({ targt: 'docker.io/x', namespaces: 'gcr.io/a' });
    expect(misspelt).toEqual([{ name: 'targt', nearest: 'target' }]);
    expect(get('target')).toBe('docker.io/x');
    expect(get('namespaces')).toBe('gcr.io/a');
  });

  it('prefers an input under its right name', () => {
    expect(resolve({ targt: 'docker.io/x', target: 'docker.io/y' }).get('target')).toBe('docker.io/y');
  });

  it('accepts every declared input, and leaves unlike names to the runner', () => {
    const given = Object.fromEntries(INPUT_NAMES.map((name) => [name, '1']));
    expect(resolve({ ...given, 'fetch-depth': '0' }).misspelt).toEqual([]);
  });

  it('ignores variables that the runner does not make', () => {
    const env = { INPUT_targt: 'x', MY_INPUT_TARGT: 'x', INPUT_: 'x', TARGT: 'x' };
    expect(resolveNames({ get: () => '', env }).misspelt).toEqual([]);
  });

  it('reads a renamed input under both names, the former one first', () => {
    const renamed = new Map([['destination', 'target']]);
    expect(resolve({ destination: 'docker.io/old', target: 'default' }, renamed).get('target')).toBe(
      'docker.io/old',
    );
    expect(resolve({ target: 'docker.io/new' }, renamed).get('target')).toBe('docker.io/new');
    expect(resolve({ destination: 'docker.io/old' }, renamed).misspelt).toEqual([]);
  });
});

describe('a misspelt input', () => {
  it('is the one problem that is reported, though its input is required', () => {
    const given = { target: '', targt: 'docker.io/x' };
    expect(inputProblems(given, { env: envOf(given) })).toBe(
      '"targt": is not an input of this action: did you mean "target"?',
    );
  });

  it('shows no value, which may be a secret', () => {
    const given = { pasword: 'hunter2', username: 'me' };
    const masked: string[] = [];
    const message = inputProblems(given, { env: envOf(given), masked });
    expect(message).toContain('did you mean "password"?');
    expect(message).not.toContain('hunter2');
    expect(masked).toContain('hunter2');
  });
});
