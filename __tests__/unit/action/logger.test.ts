import { describe, expect, it } from 'vitest';
import { createLogger, logger } from '../../../src/action/logger.ts';
import { captureStdout } from '../../support/run/stdout.ts';

describe('logger', () => {
  it.each(['::stop-commands::x', '  ::error::x', '##[error]x', 'fine\n::set-env name=x::y'])(
    'prints no line that the runner would execute: %j',
    async (message) => {
      const log = await captureStdout(() => logger.info(message));
      expect(log).not.toMatch(/^\s*(?:::|##\[)/m);
      expect(log.replaceAll('\u200b', '')).toBe(`${message}\n`);
    },
  );

  it('prints other lines as they are', async () => {
    expect(await captureStdout(() => logger.info('a :: b'))).toBe('a :: b\n');
  });

  it('uses commands for warnings and the debug log', async () => {
    expect(await captureStdout(() => logger.warning('odd'))).toBe('::warning::odd\n');
    const made = createLogger(true);
    expect(await captureStdout(() => made.debug('detail'))).toBe('::debug::detail\n');
    expect(await captureStdout(() => made.debug(() => 'made'))).toBe('::debug::made\n');
  });

  it('prints no debug lines unless the workflow runs with step debugging', async () => {
    const made = createLogger(false);
    const fail = (): never => {
      throw new Error('The line was made');
    };
    expect(await captureStdout(() => made.debug('detail'))).toBe('');
    expect(await captureStdout(() => made.debug(fail))).toBe('');
  });
});
