import { expect, it } from 'vitest';
import { MissingPlatforms } from '../../../src/modes/missing-platforms.ts';
import type { Platforms } from '../../../src/mirror/platforms.ts';
import type { NamespacePlan } from '../../../src/plan/namespace-plan.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';

function plan(platforms: Platforms): NamespacePlan {
  const base = namespacePlan();
  return { ...base, settings: { ...base.settings, platforms } };
}

it('MissingPlatforms warns of each wanted platform that no image has', () => {
  const missing = new MissingPlatforms();
  const plans = [plan('all'), plan(['linux/amd64', 'linux/s390x']), plan(['linux/s390x'])];
  expect(missing.warnings(plans)).toEqual([]);
  missing.note(['linux/amd64', 'linux/arm64']);
  missing.note(['linux/amd64']);
  expect(missing.warnings(plans)).toEqual([
    'No image that this run copied has the platform linux/s390x. Check "platforms"; the images have linux/amd64, linux/arm64',
  ]);
});
