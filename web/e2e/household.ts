// The household's walk: every screen, every form's errors, and what changes on an open page.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { call, credentials, expectAccessible, expectScreen, expectScreens, goTo, home, logIn, open, payIn, peer, tellFailures, type Watched } from "./browser";

const screens = ["/", "/history", "/history?period=week", "/history?period=month", "/history?period=year", "/trading", "/wallet", "/neighbourhood", "/ranking", "/bill", "/meters", "/keys", "/notifications", "/settings"];

export function householdWalk(browser: () => Browser): void {
  let watched: Watched;
  const page = () => watched.page;
  beforeAll(async () => {
    watched = await open(browser(), "en", "desktop");
    await page().goto(peer() + "/");
  });
  afterAll(() => watched?.context.close());
  tellFailures(page);

  it("comes from the peer itself, with its policy", async () => {
    const answer = await fetch(peer() + "/", { headers: { accept: "text/html" } });
    expect(answer.headers.get("content-security-policy")).toContain("script-src 'self'");
    expect(await page().locator("script[src^='/assets/']").count()).toBeGreaterThan(0);
    await page().getByRole("link", { name: "What is Power Share?" }).click();
    await expectScreen(page(), "/about");
    await page().goBack();
  });

  it("shows programmers every path of the API, those that take a file too", async () => {
    const described = (await (await fetch(peer() + "/v1/openapi.json")).json()) as { paths: Record<string, object> };
    const operations = Object.values(described.paths).reduce((sum, methods) => sum + Object.keys(methods).length, 0);
    const back = page().url();
    await page().goto(peer() + "/explorer/v1");
    await page().getByText("Native API of a peer").waitFor();
    expect(await page().locator("#operations > details").count()).toBe(operations);
    expect(await page().locator("input[type=file]").count()).toBe(1);
    await page().goto(back);
  });

  it("refuses a wrong password in words, and keeps the name", async () => {
    await page().getByLabel("Name").fill(credentials.login);
    await page().getByLabel("Password", { exact: true }).fill("not the password");
    await page().getByRole("button", { name: "Log in" }).click();
    await page().getByText("Name or password is wrong.").waitFor();
    expect(await page().getByLabel("Name").inputValue()).toBe(credentials.login);
    watched.faults.length = 0; // the browser notes the refusal
  });

  it("shows every screen on a desktop in English, light and dark, without findings of axe", async () => {
    await logIn(page());
    await page().getByText("Live", { exact: true }).waitFor();
    await expectScreens(page(), screens, ["light", "dark"]);
    expect(await page().evaluate(() => document.documentElement.lang)).toBe("en-GB");
    expect(watched.faults).toEqual([]);
    expect([...watched.hosts]).toEqual(["127.0.0.1"]);
  });

  it("shows every screen on a phone in Portuguese", async () => {
    const phone = await open(browser(), "pt", "phone");
    await phone.page.goto(peer() + "/");
    await logIn(phone.page);
    await expectScreens(phone.page, screens, ["light"]);
    expect(await phone.page.evaluate(() => document.documentElement.lang)).toBe("pt-PT");
    expect(phone.faults).toEqual([]);
    await phone.context.close();
  });

  it("shows a payment on the open page, because the peer tells of it", async () => {
    await goTo(page(), "/wallet");
    const cash = page().locator(".balance", { hasText: "€" }).first();
    const before = await cash.textContent();
    await page().evaluate(() => Object.assign(window, { sameDocument: true }));
    await payIn(home, 7);
    await page().waitForFunction((old) => [...document.querySelectorAll(".balance")].every((each) => each.textContent !== old), before);
    const euros = (text: string | null) => Number(text!.replace(/[^0-9.]/g, ""));
    expect(euros(await cash.textContent())).toBeCloseTo(euros(before) + 7, 2);
    expect(await page().evaluate(() => "sameDocument" in window)).toBe(true);
  });

  it("tells what is wrong with money", async () => {
    const dialog = page().getByRole("dialog");
    await page().getByRole("button", { name: "Pay out" }).click();
    await dialog.getByRole("button", { name: "Pay out" }).click();
    await page().getByText("An amount is a number above 0.").waitFor();
    await dialog.getByRole("textbox").fill("1000000");
    await dialog.getByRole("button", { name: "Pay out" }).click();
    await dialog.locator(".notice.bad").waitFor();
    expect(await dialog.getByRole("textbox").inputValue()).toBe("1000000");
    await page().keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
  });

  it("verifies its balances against what a quorum has signed", async () => {
    await goTo(page(), "/keys");
    await page().getByRole("button", { name: "Verify my balances now" }).click();
    await page().getByText(/In block [0-9,]+, signed by [34] peers; 3 are needed/).nth(2).waitFor();
    const proven = page().locator("section", { has: page().getByRole("heading", { name: "Verify my balances" }) }).locator("li");
    expect(await proven.count()).toBe(3); // cash, coins, energy
    for (const line of await proven.allTextContents()) expect(line).toContain("Verified.");
    await goTo(page(), "/wallet");
  });

  it("asks for cash and takes the request back", async () => {
    const dialog = page().getByRole("dialog");
    await page().getByRole("button", { name: "Pay in" }).click();
    await dialog.getByRole("textbox").fill("12.5");
    await dialog.getByRole("button", { name: "Pay in" }).click();
    await page().getByText("The operator has been asked.").waitFor();
    await page().getByText("Pay in: €12.50").waitFor();
    await page().getByRole("button", { name: "Take back" }).first().click();
    await page().getByText("The request is taken back.").waitFor();
  });

  it("tells what is wrong with orders and rules, then saves the rules", async () => {
    await goTo(page(), "/trading");
    await page().getByRole("button", { name: "Place an order" }).click();
    await page().getByRole("button", { name: "Place", exact: true }).click();
    await page().getByText("The energy is a number of kWh above 0.").waitFor();
    await page().keyboard.press("Escape");
    await page().getByRole("button", { name: "Fixed" }).first().click();
    await page().getByLabel("I want at least").fill("cheap");
    await page().getByRole("button", { name: "Save the rules" }).click();
    await page().getByText("A price is a number of coins per kWh, 0 or more.").waitFor();
    await page().getByLabel("I want at least").fill("0.11");
    await page().getByText("You get at least 0.11").waitFor();
    await page().getByRole("button", { name: "Save the rules" }).click();
    await page().getByText(/Saved\. The rules count from/).waitFor();
    await page().reload();
    await expectScreen(page(), "/trading");
    expect(await page().getByLabel("I want at least").inputValue()).toBe("0.11");
  });

  it("disputes a reading, and the operator hears of it", async () => {
    await goTo(page(), "/meters");
    await page().getByText("Readings of the last 24 hours").click();
    await page().getByRole("button", { name: /^Dispute: / }).first().click();
    await page().getByLabel("What is wrong").selectOption("too_high");
    await page().getByRole("button", { name: "Dispute this reading" }).click();
    await page().getByText("The operator has been told.").waitFor();
    await page().getByText(/It is too high/).waitFor();
    const { items } = await call<{ items: { owner: string; reason: string }[] }>("GET", "/v1/disputes");
    expect(items).toContainEqual(expect.objectContaining({ owner: home, reason: "too_high" }));
  });

  it("acts by a key of its own that no peer ever holds", async () => {
    const { code } = await call<{ code: string }>("POST", "/v1/invitations", { participant: "Resident:home-03" });
    const own = await open(browser(), "en", "phone");
    const sent: string[] = [];
    own.page.on("request", (request) => sent.push(request.postData() ?? ""));
    await own.page.goto(peer() + "/welcome");
    await own.page.getByLabel("Code of the invitation").fill(code);
    await own.page.getByRole("button", { name: "A key of my own" }).click();
    await expectAccessible(own.page, "welcome, own key");
    await own.page.getByRole("button", { name: "Join" }).click();
    const line = (await own.page.locator("p.mono").textContent())!;
    expect(line).toMatch(/^power-share-key Resident:home-03 [0-9a-f]{64}$/);
    expect(await own.page.getByRole("button", { name: "Go on" }).isDisabled()).toBe(true);
    await own.page.getByLabel("I have kept it.").check();
    await own.page.getByRole("button", { name: "Go on" }).click();
    await own.page.locator(".flow").waitFor();
    await goTo(own.page, "/keys");
    await own.page.getByText("Kept by this browser").waitFor();
    // Out and in again with the key that the browser holds.
    await own.page.locator(".page-head").getByRole("button", { name: "Log out" }).click();
    await own.page.getByRole("button", { name: "Log in with the key" }).click();
    await own.page.locator(".flow, main h1").first().waitFor({ state: "attached" });
    await own.page.locator("nav").first().waitFor({ state: "attached" });
    expect(own.faults).toEqual([]);
    expect(sent.filter((body) => body.includes(line.split(" ")[2]!))).toEqual([]);
    await own.context.close();

    // Another browser, with the line that was written down.
    const other = await open(browser(), "en", "phone");
    await other.page.goto(peer() + "/");
    await other.page.getByText("I have a key of my own").click();
    await other.page.getByLabel("The line that you have kept").fill("power-share-key nobody");
    await other.page.getByRole("button", { name: "Log in with the key" }).click();
    await other.page.getByText("This is not such a line").waitFor();
    await other.page.getByLabel("The line that you have kept").fill(line);
    await other.page.getByRole("button", { name: "Log in with the key" }).click();
    await other.page.locator("nav").first().waitFor({ state: "attached" });
    await other.context.close();
  });

  it("tells what is wrong with passwords, warnings and invitations", async () => {
    await goTo(page(), "/keys");
    await page().getByRole("button", { name: "Change", exact: true }).click();
    await page().getByText("A password has at least 10 characters.").waitFor();
    await goTo(page(), "/settings");
    await page().getByLabel("Warn me below").fill("x");
    await page().getByRole("button", { name: "Save" }).first().click();
    await page().getByText("An amount is a number, 0 or more.").waitFor();
    await goTo(page(), "/welcome");
    await page().getByRole("button", { name: "Join" }).click();
    await page().getByText("A code has 20 letters and digits.").waitFor();
  });
}
