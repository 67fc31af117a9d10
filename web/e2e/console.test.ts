// The six tasks of the thesis's usability study (§4.2), and every screen of the console.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, expectAccessible, expectScreen, island, launch, open, openConsole, type Watched } from "./browser";

const screens = ["", "/participants", "/participants?type=ElectricVehicle", "/participants/Resident%3Ahome-02", "/transactions", "/new", "/slots", "/flows", "/assets", "/meters", "/requests", "/blocks", "/blocks/1", "/chain", "/about"];
let browser: Browser;
let watched: Watched;
let page: Page;
const submit = (payload: Record<string, unknown>) => call<{ transaction: string }>("POST", "/v1/transactions", payload);

beforeAll(async () => {
  browser = await launch();
  watched = await open(browser, "en", "desktop");
  page = watched.page;
  await openConsole(page);
});
afterAll(() => browser?.close());

async function choose(label: string, value: string): Promise<void> {
  await page.getByLabel(label, { exact: true }).selectOption(value);
}

describe("the six tasks", () => {
  it("1: read the description, with a drawing of who trades with whom", async () => {
    await page.getByRole("link", { name: "Description" }).first().click();
    await page.getByRole("heading", { name: "What Power Share is" }).waitFor();
    await page.getByRole("img", { name: /Residents, electric vehicles and utility companies buy and sell energy/ }).waitFor();
  });

  it("2: find and describe the last transaction", async () => {
    const { transaction } = await submit({ type: "CashFundingResident", cash: "40", currency: "EUR", resident: "Resident:home-02" });
    await page.getByRole("link", { name: "Transactions" }).first().click();
    const row = page.locator("tbody tr").filter({ hasText: "Cash funding" }).filter({ hasText: "home-02" }).first();
    await row.waitFor();
    expect(await row.textContent()).toContain("€40.00");
    await row.getByRole("link").first().click();
    await page.getByRole("heading", { name: "Transaction" }).waitFor();
    await page.getByText(transaction).first().waitFor();
    for (const fact of ["home-02", "€40.00", "done"]) await page.locator("main").getByText(fact).first().waitFor();
  });

  it("2b: and verify it in the browser", async () => {
    await page.getByRole("button", { name: "Verify now" }).click();
    await page.getByText("Verified.", { exact: true }).waitFor();
  });

  it("3: check a resident's status", async () => {
    await page.getByRole("link", { name: "Participants" }).first().click();
    await page.getByLabel("Search").fill("home-02");
    await page.getByRole("link", { name: "home-02" }).click();
    await page.getByRole("heading", { name: "Status of home-02" }).waitFor();
    const status = await page.locator(".tiles").first().textContent();
    for (const fact of ["Energy available", "Coins", "Cash", "40.00"]) expect(status).toContain(fact);
  });

  it("4: add a participant; an error loses no input, and no reload is needed", async () => {
    await page.getByRole("link", { name: "Participants" }).first().click();
    await page.getByRole("button", { name: "Add: Resident" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("First name").fill("Ana");
    await dialog.getByLabel("E-mail").fill("ana at home");
    await dialog.getByRole("button", { name: "Add", exact: true }).click();
    await dialog.getByText("An ID has 1 to 128 characters.").waitFor();
    await dialog.getByText("This is not an e-mail address.").waitFor();
    expect(await dialog.getByLabel("First name").inputValue()).toBe("Ana");
    await dialog.getByLabel("ID", { exact: true }).fill("ana-01");
    await dialog.getByLabel("Last name").fill("Sousa");
    await dialog.getByLabel("E-mail").fill("ana@example.org");
    await dialog.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByText("ana-01 was added.").waitFor();
    await page.locator("tbody tr").filter({ hasText: "Ana Sousa" }).waitFor();
  });

  it("5: sell energy from an electric vehicle to a utility company", async () => {
    await call("POST", "/v1/participants", { type: "ElectricVehicle", id: "leaf", owner: "home-02", vehicle_type: "BEV", brand: "Nissan", model: "Leaf", buy_rate: "0.16", sell_rate: "0.1" });
    await submit({ type: "ProvisionAsset", owner: "ElectricVehicle:leaf", asset: "EN", balance: "5" });
    await submit({ type: "ProvisionAsset", owner: "ElectricVehicle:leaf", asset: "CO", balance: "0" });
    await submit({ type: "AdjustAsset", owner: "UtilityCompany:EEM", asset: "CO", balance: "100" }).catch(() => submit({ type: "ProvisionAsset", owner: "UtilityCompany:EEM", asset: "CO", balance: "100" }));
    await page.getByRole("link", { name: "New transaction" }).first().click();
    await page.getByRole("button", { name: /Sell energy/ }).click();
    await choose("Seller", "ElectricVehicle:leaf");
    const buyers = await page.getByLabel("Buyer", { exact: true }).locator("option").allTextContents();
    expect(buyers.join()).not.toContain("leaf");
    expect(buyers.join()).not.toContain("B1");
    await choose("Buyer", "UtilityCompany:EEM");
    await page.getByLabel("Energy (kWh)").fill("14");
    await page.getByText("Insufficient energy in producer account").waitFor();
    await page.getByLabel("Energy (kWh)").fill("2");
    await page.getByRole("button", { name: "Execute" }).click();
    await page.getByText("The transaction is done.").waitFor();
    await page.locator("main").getByRole("link").filter({ hasText: /^[0-9a-f]{64}$/ }).click();
    await page.getByText("Energy for coins").first().waitFor();
  });

  it("6: a resident withdraws cash", async () => {
    await page.getByRole("link", { name: "New transaction" }).first().click();
    await page.getByRole("button", { name: /Pay cash out to a resident/ }).click();
    await choose("Resident", "Resident:home-02");
    await page.getByLabel("Cash (EUR)").fill("1000");
    await page.getByText("Insufficient cash in resident account").waitFor();
    await page.getByLabel("Cash (EUR)").fill("15");
    await page.getByRole("button", { name: "Execute" }).click();
    await page.getByText("The transaction is done.").waitFor();
  });
});

describe("the console", () => {
  it("shows every screen, without findings of axe and without other hosts", async () => {
    for (const path of screens) {
      await page.goto(island.web + "/console" + path);
      await expectScreen(page, path);
      await expectAccessible(page, path);
    }
    await page.goto(island.web + "/console/slots");
    await page.locator("tbody a").first().click();
    await expectScreen(page, "/slots/:start");
    await expectAccessible(page, "/slots/:start");
    expect([...watched.hosts]).toEqual(["127.0.0.1"]);
    expect(watched.faults).toEqual([]);
  });

  it("fits a phone, in Portuguese and dark", async () => {
    const small = await open(browser, "pt", "phone", "dark");
    await openConsole(small.page);
    for (const path of screens) {
      await small.page.goto(island.web + "/console" + path);
      await expectScreen(small.page, path);
    }
    await expectAccessible(small.page, "phone");
    expect(small.faults).toEqual([]);
    await small.context.close();
  });
});
