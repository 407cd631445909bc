import { readFileSync } from 'node:fs';
import * as core from '@actions/core';
import type { InputSource } from '../inputs/input-source.ts';
import { messageOf } from '../oci/errors.ts';

/** Reads what the runner passes to the action: inputs, event and environment. */
export function readInputSource(): InputSource {
  return {
    get: (name) => core.getInput(name),
    eventName: process.env['GITHUB_EVENT_NAME'] ?? '',
    event: readEvent(process.env['GITHUB_EVENT_PATH']),
    env: process.env,
    platform: process.platform,
    now: Date.now(),
    mask: (secret) => core.setSecret(secret),
  };
}

/** The payload of the event that started the workflow; undefined where there is none, or it can't be read. */
function readEvent(path: string | undefined): unknown {
  try {
    return path ? (JSON.parse(readFileSync(path, 'utf8')) as unknown) : undefined;
  } catch (error) {
    core.warning(`The event in GITHUB_EVENT_PATH can't be read: ${messageOf(error)}`);
    return undefined;
  }
}
