import { describe, expect, it } from 'vitest';
import { parseInputs } from '../../../src/inputs/load.ts';
import { InputError } from '../../../src/inputs/reader.ts';
import { inputProblems, parseTestInputs } from '../../support/fixtures/inputs.ts';

describe('the credentials of the inputs', () => {
  it('requires user name and password together', () => {
    expect(inputProblems({ username: 'me' })).toContain('password: is required when username is set');
    expect(inputProblems({ 'source-password': 'x' })).toContain('source-username: is required');
  });

  it('never shows a secret, and masks each before anything else', () => {
    const masked: string[] = [];
    const secrets = {
      password: 'p1 secret',
      'source-password': 'p2 secret',
      'github-token': 'p3 secret',
      'registry-auth': '- username: u\n  password: p5 secret',
    };
    const env = { HTTPS_PROXY: 'http://user:p4%20secret@proxy.example:3128' };
    const message = inputProblems({ ...secrets, mode: 'x' }, { masked, env });
    expect(masked).toEqual(
      expect.arrayContaining([
        'p1 secret',
        'p2 secret',
        'p3 secret',
        'p4%20secret',
        'p4 secret',
        'p5 secret',
      ]),
    );
    expect(message).not.toMatch(/p\d.{0,3}secret/);
  });

  it('has no credentials when none are set, and else names the inputs of each', () => {
    expect(parseTestInputs({}).credentials).toEqual({ source: undefined, target: undefined });
    const given = {
      username: 'me',
      password: 'a',
      'source-username': '_json_key',
      'source-password': '{"key": 1}',
    };
    expect(parseTestInputs(given).credentials).toEqual({
      target: { username: 'me', password: 'a', providedBy: 'the inputs username and password' },
      source: {
        username: '_json_key',
        password: '{"key": 1}',
        providedBy: 'the inputs source-username and source-password',
      },
    });
  });

  it('masks the secrets before any other input is read', () => {
    const steps: string[] = [];
    const secrets = ['password', 'source-password', 'github-token', 'workflow-token'];
    const get = (name: string): string => {
      steps.push(name);
      return secrets.includes(name) ? `secret of ${name}` : '';
    };
    const mask = (secret: string): void => void steps.push(`mask ${secret}`);
    expect(() =>
      parseInputs({ get, eventName: '', event: undefined, env: {}, platform: 'linux', now: 0, mask }),
    ).toThrow(InputError);
    expect(steps.slice(0, 8)).toEqual(secrets.flatMap((name) => [name, `mask secret of ${name}`]));
    expect(steps.length).toBeGreaterThan(20);
  });

  it('reads the accounts of more registries', () => {
    expect(parseTestInputs({}).registryAuth).toEqual(new Map());
    const given = { 'registry-auth': '- registry: ghcr.io\n  username: me\n  password: a' };
    const providedBy = 'the input registry-auth, line 1';
    expect(parseTestInputs(given).registryAuth).toEqual(
      new Map([['ghcr.io', { username: 'me', password: 'a', providedBy }]]),
    );
    const fork = { 'registry-auth': '- registry: ghcr.io\n  username: me\n  password: ' };
    expect(inputProblems(fork)).toContain('registry-auth: line 1, password: is missing or empty');
    expect(parseTestInputs(fork, { eventName: 'pull_request' }).registryAuth).toEqual(new Map());
  });

  it('masks a secret of several lines line by line, without lone braces', () => {
    const masked: string[] = [];
    const password = JSON.stringify({ type: 'service_account', key: 'a b' }, null, 2);
    parseTestInputs(
      { username: '_json_key', password, 'github-token': 'x', 'workflow-token': '' },
      { masked },
    );
    expect(masked).toEqual(['  "type": "service_account",', '  "key": "a b"', 'x']);
  });

  it('masks nothing for a secret that is not set', () => {
    const masked: string[] = [];
    parseTestInputs({ 'github-token': 'x', 'workflow-token': '' }, { masked });
    expect(masked).toEqual(['x']);
  });
});
