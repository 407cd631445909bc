import type { Logger } from '../../src/logger.ts';

export const silentLogger: Logger = { debug() {}, info() {}, warning() {} };
