// The network goes away; the peer that a page came from dies.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { expectScreen, goTo, home, living, logIn, open, payIn, peer, tellFailures, type Watched } from "./browser";

export function failoverWalk(browser: () => Browser): void {
  let watched: Watched;
  const page = () => watched.page;
  beforeAll(async () => {
    watched = await open(browser(), "en", "desktop");
    await page().goto(peer() + "/");
    await logIn(page());
  });
  afterAll(() => watched?.context.close());
  tellFailures(page);

  it("the application opens without a network, with what was known last", async () => {
    await page().evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page().reload();
    await page().locator(".flow").waitFor();
    await watched.context.setOffline(true);
    await page().reload();
    await page().getByText(/Showing what was known at/).first().waitFor();
    await page().locator(".flow").waitFor();
    await page().getByText("No peer can be reached.").waitFor();
    await watched.context.setOffline(false);
    await page().reload();
    await page().getByText("Live", { exact: true }).waitFor();
  });

  it("the page goes on with another peer when its own one is killed, still logged in", async () => {
    await goTo(page(), "/wallet");
    await expectScreen(page(), "/wallet");
    await page().waitForFunction(() => localStorage.getItem("ps.peers") !== null);
    const cash = page().locator(".balance", { hasText: "€" }).first();
    const before = await cash.textContent();
    process.kill(living.shift()!.pid, "SIGKILL");
    const others = new Set(living.map(({ http }) => new URL(http).port));
    const answered = page().waitForResponse((response) => others.has(new URL(response.url()).port) && response.url().includes("/etms/") && response.ok());
    // The others agree on it without the one that is gone, and the page hears of it from one of them.
    await payIn(home, 5);
    await answered;
    await page().waitForFunction((old) => [...document.querySelectorAll(".balance")].every((each) => each.textContent !== old), before);
    await page().getByText("Live", { exact: true }).waitFor();
    const euros = (text: string | null) => Number(text!.replace(/[^0-9.]/g, ""));
    expect(euros(await cash.textContent())).toBeCloseTo(euros(before) + 5, 2);
    // What is submitted from the page arrives as well.
    await page().getByRole("button", { name: "Pay in" }).click();
    await page().getByRole("dialog").getByRole("textbox").fill("3");
    await page().getByRole("dialog").getByRole("button", { name: "Pay in" }).click();
    await page().getByText("The operator has been asked.").waitFor();
  });
}
