// One browser walks through one island of four real peers, whose own pages it loads. The order counts:
// a peer is killed in the middle, and the operator works with the three that are left.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe } from "vitest";
import { joinHome, launch } from "./browser";
import { consoleWalk } from "./console";
import { failoverWalk } from "./failover";
import { householdWalk } from "./household";

let browser: Browser;
const walker = () => browser;

beforeAll(async () => {
  await joinHome();
  browser = await launch();
});
afterAll(() => browser?.close());

describe("the household app", () => householdWalk(walker));
describe("a peer that dies", () => failoverWalk(walker));
describe("the console", () => consoleWalk(walker));
