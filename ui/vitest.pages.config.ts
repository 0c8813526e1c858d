import { defineConfig } from "vitest/config";

// One browser, one file at a time: the machine that runs these may have two cores.
export default defineConfig({
  test: { include: ["tests/**/*.test.ts"], fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000 },
});
