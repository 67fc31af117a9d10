import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { credentials, expectAccessible, expectScreen, island, joinHome, launch, logIn, open, type Watched } from "./browser";

const screens = ["/", "/history", "/history?period=week", "/history?period=month", "/history?period=year", "/trading", "/wallet", "/neighbourhood", "/ranking", "/bill", "/keys", "/notifications", "/settings", "/about"];
let browser: Browser;

beforeAll(async () => {
  await joinHome();
  browser = await launch();
});
afterAll(() => browser?.close());

async function within(language: "pt" | "en", size: "phone" | "desktop", theme: "light" | "dark", use: (watched: Watched) => Promise<void>): Promise<void> {
  const watched = await open(browser, language, size, theme);
  try {
    await use(watched);
  } finally {
    await watched.context.close();
  }
}

describe("the household app", () => {
  for (const [language, size, theme] of [
    ["pt", "phone", "light"],
    ["en", "desktop", "dark"],
  ] as const) {
    it(`shows every screen: ${language}, ${size}, ${theme}`, () =>
      within(language, size, theme, async ({ page, faults, hosts }) => {
        await logIn(page);
        for (const path of screens) {
          await page.goto(island.web + path);
          await expectScreen(page, path);
          await expectAccessible(page, path);
        }
        expect(await page.evaluate(() => document.documentElement.lang)).toBe(language === "pt" ? "pt-PT" : "en-GB");
        expect(faults).toEqual([]);
        expect([...hosts]).toEqual(["127.0.0.1"]);
      }));
  }

  it("refuses a wrong password in words, and keeps the name", () =>
    within("en", "phone", "light", async ({ page }) => {
      await page.goto(island.web + "/");
      await page.getByLabel("Name").fill(credentials.login);
      await page.getByLabel("Password", { exact: true }).fill("not the password");
      await page.getByRole("button", { name: "Log in" }).click();
      await page.getByText("Name or password is wrong.").waitFor();
      expect(await page.getByLabel("Name").inputValue()).toBe(credentials.login);
    }));

  it("tells what is wrong on each form", () =>
    within("en", "desktop", "light", async ({ page }) => {
      await logIn(page);
      await page.goto(island.web + "/wallet");
      await page.getByRole("button", { name: "Pay out" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Pay out" }).click();
      await page.getByText("An amount is a number above 0.").waitFor();
      await page.getByRole("dialog").getByRole("textbox").fill("1000000");
      await page.getByRole("dialog").getByRole("button", { name: "Pay out" }).click();
      await page.getByRole("dialog").locator(".notice.bad").waitFor();
      expect(await page.getByRole("dialog").getByRole("textbox").inputValue()).toBe("1000000");

      await page.goto(island.web + "/trading");
      await page.getByRole("button", { name: "Place an order" }).click();
      await page.getByRole("button", { name: "Place", exact: true }).click();
      await page.getByText("The energy is a number of kWh above 0.").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Fixed" }).first().click();
      await page.getByLabel("I want at least").fill("cheap");
      await page.getByRole("button", { name: "Save the rules" }).click();
      await page.getByText("A price is a number of coins per kWh, 0 or more.").waitFor();

      await page.goto(island.web + "/keys");
      await page.getByRole("button", { name: "Change", exact: true }).click();
      await page.getByText("A password has at least 10 characters.").waitFor();
      await page.goto(island.web + "/settings");
      await page.getByLabel("Warn me below").fill("x");
      await page.getByRole("button", { name: "Save" }).first().click();
      await page.getByText("An amount is a number, 0 or more.").waitFor();
      await page.goto(island.web + "/welcome");
      await page.getByRole("button", { name: "Join" }).click();
      await page.getByText("A code has 20 letters and digits.").waitFor();
    }));

  it("saves trading rules and shows what they come to", () =>
    within("en", "desktop", "light", async ({ page }) => {
      await logIn(page);
      await page.goto(island.web + "/trading");
      await page.getByRole("button", { name: "Fixed" }).first().click();
      await page.getByLabel("I want at least").fill("0.11");
      await page.getByText("You get at least 0.11").waitFor();
      await page.getByRole("button", { name: "Save the rules" }).click();
      await page.getByText(/Saved\. The rules count from/).waitFor();
      await page.reload();
      await expectScreen(page, "/trading");
      expect(await page.getByLabel("I want at least").inputValue()).toBe("0.11");
    }));

  it("asks for cash and takes the request back", () =>
    within("en", "phone", "light", async ({ page }) => {
      await logIn(page);
      await page.goto(island.web + "/wallet");
      await page.getByRole("button", { name: "Pay in" }).click();
      await page.getByRole("dialog").getByRole("textbox").fill("12.5");
      await page.getByRole("dialog").getByRole("button", { name: "Pay in" }).click();
      await page.getByText("The operator has been asked.").waitFor();
      await page.getByText("Pay in: €12.50").waitFor();
      await page.getByRole("button", { name: "Take back" }).first().click();
      await page.getByText("The request is taken back.").waitFor();
    }));

  it("follows the chain: a new block shows within two seconds of its event", () =>
    within("en", "desktop", "light", async ({ page }) => {
      await logIn(page);
      await page.getByText("Live", { exact: true }).waitFor();
      const asked = page.waitForRequest((request) => request.url().includes("/etms/flow"));
      const first = await asked;
      const second = await page.waitForRequest((request) => request.url().includes("/etms/flow") && request !== first);
      expect(second.url()).toContain("/etms/flow");
    }));
});
