import { getExecOutput } from '@actions/exec';
import type { Exec } from '../copy/docker/cli.ts';

/** Runs a program through @actions/exec, without printing anything; the caller judges its exit code. */
export const exec: Exec = async (command, args, { env, input }) =>
  getExecOutput(command, [...args], {
    env: { ...env },
    ...(input !== undefined && { input: Buffer.from(input) }),
    silent: true,
    ignoreReturnCode: true,
  });
