import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { finishDist } from "./scripts/finish-dist.ts";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const peer = process.env.POWERSHARE_PEER ?? "http://127.0.0.1:8080";
const proxied = ["/v1", "/etms", "/api", "/explorer", "/livez", "/readyz"];

export default defineConfig({
  plugins: [finishDist()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the security policy forbids data: scripts and styles
    cssCodeSplit: true,
    modulePreload: { polyfill: false },
    rollupOptions: {
      onwarn(warning, warn) {
        // Libraries mark their client components for servers that render pages; there is none here.
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
      input: {
        app: here("index.html"),
        console: here("console.html"),
      },
    },
  },
  server: {
    proxy: Object.fromEntries(proxied.map((path) => [path, { target: peer, changeOrigin: true }])),
  },
  test: {
    environment: "jsdom",
    setupFiles: [here("src/testing/setup.ts")],
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    pool: "threads",
    maxWorkers: 2,
    testTimeout: 120_000, // nothing is measured here; a busy machine only takes longer
    hookTimeout: 120_000,
  },
});
