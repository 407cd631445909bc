import { getExecOutput } from '@actions/exec';
import type { Exec } from '../copy/docker/cli.ts';

export const exec: Exec = async (command, args, { env, input }) =>
  getExecOutput(command, [...args], {
    env: { ...env },
    ...(input !== undefined && { input: Buffer.from(input) }),
    silent: true,
    ignoreReturnCode: true,
  });
