// The peer that a page came from dies; the network goes away. In a file of its own, after which nothing runs.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { island, joinHome, launch, logIn, open } from "./browser";

let browser: Browser;
beforeAll(async () => {
  await joinHome();
  browser = await launch();
});
afterAll(() => browser?.close());

it("the application opens without a network, with what was known last", async () => {
  const { page, context } = await open(browser, "en", "phone");
  await logIn(page);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.reload();
  await page.locator(".flow").waitFor();
  await context.setOffline(true);
  await page.reload();
  await page.getByText(/Showing what was known at/).first().waitFor();
  await page.locator(".flow").waitFor();
  await context.setOffline(false);
  await context.close();
});

it("the page goes on with another peer when its own one dies, still logged in", async () => {
  const { page, context } = await open(browser, "en", "desktop");
  await logIn(page);
  await page.waitForFunction(() => localStorage.getItem("ps.peers") !== null);
  const [own] = island.peers;
  process.kill(own!.pid, "SIGKILL");
  const others = new Set(island.peers.slice(1).map(({ http }) => new URL(http).port));
  const answered = await page.waitForResponse((response) => others.has(new URL(response.url()).port) && response.url().includes("/etms/") && response.ok());
  expect(answered.status()).toBe(200);
  await page.getByRole("link", { name: "Wallet" }).first().click();
  await page.locator(".balance").first().waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await context.close();
});
