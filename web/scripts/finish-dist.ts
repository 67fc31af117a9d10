// Last step of a build: writes the service worker with the list of what it keeps, and beside each text
// file its gzip and Brotli forms, which a peer sends as they are.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const compressible = /\.(html|js|css|svg|json|webmanifest)$/;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function writeServiceWorker(dist: string, template: string): void {
  const kept = filesBelow(dist)
    .map((path) => "/" + relative(dist, path).replaceAll("\\", "/"))
    .filter((path) => path !== "/sw.js")
    .sort();
  const hash = createHash("sha256");
  for (const path of kept) hash.update(path).update(readFileSync(join(dist, path)));
  const version = hash.update(template).digest("hex").slice(0, 16);
  const text = template
    .replace('"@version@"', JSON.stringify(version))
    .replace('["@kept@"]', JSON.stringify(kept));
  writeFileSync(join(dist, "sw.js"), text);
}

export function finishDist(): Plugin {
  let root = "";
  return {
    name: "power-share-finish-dist",
    apply: "build",
    configResolved(config) {
      root = config.root;
    },
    closeBundle() {
      const dist = resolve(root, "dist");
      writeServiceWorker(dist, readFileSync(resolve(root, "src/sw.js"), "utf8"));
      for (const path of filesBelow(dist)) {
        if (!compressible.test(path) || statSync(path).size < 256) continue;
        const content = readFileSync(path);
        writeFileSync(path + ".gz", gzipSync(content, { level: 9 }));
        const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
        writeFileSync(path + ".br", brotliCompressSync(content, brotli));
      }
    },
  };
}
