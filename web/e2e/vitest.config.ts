import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    dir: import.meta.dirname,
    include: ["*.test.ts"],
    globalSetup: [import.meta.dirname + "/island.ts"],
    fileParallelism: false,
    testTimeout: 180_000, // nothing is measured by it; a busy machine only takes longer
    hookTimeout: 180_000,
  },
});
