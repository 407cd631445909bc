import { describe, expect, it } from 'vitest';
import { renderSummary } from '../../../../src/report/summary.ts';
import { namespaceResult, runResult } from '../../../support/fixtures/results.ts';

describe('addStates', () => {
  it('shows how far each namespace is mirrored', () => {
    const namespaces = [namespaceResult({ unchanged: 3, pending: 1 }), namespaceResult({ unchanged: 0 })];
    expect(renderSummary(runResult({ mode: 'monitor', dryRun: true, namespaces }))).toContain(
      `| Namespace | Target | Mirrored | Pending |  |
| --- | --- | ---: | ---: | --- |
| \`gcr.io/distroless\` | \`docker.io/gcrxio\` | 3 | 1 | ████████████ |
| \`gcr.io/distroless\` | \`docker.io/gcrxio\` | 0 | 0 |  |`,
    );
  });
});
