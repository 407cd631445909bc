import type { ConfigSettings } from './config-schema.ts';
import type { RawSettings, Settings } from './settings.ts';

/** A part of the config file: what it sets, and where. */
export interface ConfigPart {
  readonly own: Settings;
  /** The place of a setting, with line and column: `mirror.yml:3:5: defaults › referrers`. */
  readonly locate: (setting: keyof RawSettings) => string;
}

/** Reads the settings at the path `at` of the file. */
export type ReadPart = (raw: ConfigSettings, at: readonly (string | number)[]) => ConfigPart;
