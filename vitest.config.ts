import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['__tests__/unit/**/*.test.ts'], testTimeout: 20_000 } },
      {
        test: {
          name: 'integration',
          include: ['__tests__/integration/**/*.test.ts'],
          // Runs through faulty networks wait up to a minute before the retries of each request are used up.
          testTimeout: 600_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          // Concurrent tests spend most of their time waiting.
          maxConcurrency: 10,
        },
      },
    ],
  },
});
