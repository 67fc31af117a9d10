// What a phone loads before the household app's first screen stands: the page, its scripts and styles.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const limit = 150_000; // bytes, gzipped
const dist = new URL("../dist/", import.meta.url);
const page = readFileSync(new URL("index.html", dist), "utf8");
const linked = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((match) => match[1]);
if (linked.length === 0) throw new Error("index.html links no assets");
const size = (name) => gzipSync(readFileSync(new URL(name, dist)), { level: 9 }).length;
const total = ["index.html", ...new Set(linked)].reduce((sum, name) => sum + size(name), 0);
console.log(`first load of the household app: ${(total / 1000).toFixed(1)} kB gzipped of ${limit / 1000} kB`);
if (total > limit) process.exit(1);
const foreign = ["index.html", ...linked].filter((name) => /["'(]https?:\/\/(?!www\.w3\.org|react\.dev|reactjs\.org|base-ui\.com|127\.0\.0\.1)[a-z]/.test(readFileSync(new URL(name, dist), "utf8")));
if (foreign.length > 0) {
  console.error(`other hosts are named in: ${foreign.join(", ")}`);
  process.exit(1);
}
