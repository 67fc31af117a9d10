import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  test: {
    dir: here("."),
    include: ["all.test.ts"],
    globalSetup: [here("island.ts")],
    bail: 1, // a walk goes on from where the one before it has come to
    reporters: ["verbose"],
    testTimeout: 180_000, // nothing is measured by it; a busy machine only takes longer
    hookTimeout: 180_000,
  },
});
