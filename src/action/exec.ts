import { getExecOutput } from '@actions/exec';
import { which } from '@actions/io';
import type { Exec } from '../copy/docker/cli.ts';

/** Runs a program through @actions/exec, without printing anything; the caller judges its exit code. */
export const exec: Exec = async (command, args, { env, input }) =>
  getExecOutput(await quotedPathOf(command), [...args], {
    env: { ...env },
    ...(input !== undefined && { input: Buffer.from(input) }),
    silent: true,
    ignoreReturnCode: true,
  });

const paths = new Map<string, Promise<string>>();

/** The program's path, which @actions/exec would otherwise look up in all folders of PATH before each command. */
async function quotedPathOf(command: string): Promise<string> {
  const path = paths.get(command) ?? which(command, true);
  paths.set(command, path);
  return `"${await path}"`;
}
