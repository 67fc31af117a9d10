// Starts an island of four real peers for the browser tests, or takes one that runs already and can
// do without a peer: POWERSHARE_ISLAND=DIR.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

export interface IslandAccess {
  peers: { id: string; pid: number; http: string }[];
  apiKey: string;
}
declare module "vitest" {
  export interface ProvidedContext {
    island: IslandAccess;
  }
}

const portsInARow = 8; // a peer takes two of its own kind

/** A port after which the next ones are free, too. */
async function freePorts(): Promise<number> {
  const isFree = (port: number) =>
    new Promise<boolean>((done) => {
      const server = createServer();
      server.once("error", () => done(false));
      server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
    });
  for (let tries = 0; tries < 100; ++tries) {
    const first = 20_000 + Math.floor(Math.random() * 20_000);
    const free = await Promise.all(Array.from({ length: portsInARow }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
  throw new Error("no free ports");
}

function accessOf(folder: string): IslandAccess {
  const island = JSON.parse(readFileSync(join(folder, "island.json"), "utf8")) as { microgrids: { peers: IslandAccess["peers"] }[]; admin_api_key: string };
  const peers = island.microgrids[0]?.peers ?? [];
  return { peers, apiKey: island.admin_api_key };
}

export default async function setup(project: TestProject): Promise<() => void> {
  const running = process.env.POWERSHARE_ISLAND;
  if (running) {
    project.provide("island", accessOf(running));
    return () => undefined;
  }
  const binary = process.env.POWERSHARE_BINARY;
  if (!binary) throw new Error("POWERSHARE_BINARY is not set");
  const folder = mkdtempSync(join(tmpdir(), "powershare-web-"));
  const ports = ["--http-port", String(await freePorts()), "--metrics-port", String(await freePorts()), "--peer-port", String(await freePorts())];
  const stop = () => {
    execFileSync(binary, ["down", "--data", folder], { stdio: "ignore" });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    execFileSync(binary, ["up", "--detach", "--data", folder, "--speed", "450", ...ports], { stdio: ["ignore", "ignore", "inherit"] });
  } catch (error) {
    stop();
    throw error;
  }
  project.provide("island", accessOf(folder));
  return stop;
}
