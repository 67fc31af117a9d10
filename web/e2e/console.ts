// The six tasks of the thesis's usability study (§4.2), and every screen of the console.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { call, expectAccessible, expectScreen, expectScreens, goTo, open, openConsole, payIn, submit, tellFailures, type Watched } from "./browser";

const screens = ["", "/participants", "/participants?type=ElectricVehicle", "/participants/Resident%3Ahome-02", "/transactions", "/new", "/slots", "/flows", "/assets", "/meters", "/requests", "/blocks", "/blocks/1", "/chain", "/governance", "/about"].map((path) => "/console" + path);

export function consoleWalk(browser: () => Browser): void {
  let watched: Watched;
  const page = () => watched.page;
  const choose = (label: string, value: string) => page().getByLabel(label, { exact: true }).selectOption(value);
  beforeAll(async () => {
    watched = await open(browser(), "en", "desktop");
    await openConsole(page());
  });
  afterAll(() => watched?.context.close());
  tellFailures(page);

  it("task 1: read the description, with a drawing of who trades with whom", async () => {
    await page().getByRole("link", { name: "Description" }).first().click();
    await page().getByRole("heading", { name: "What Power Share is" }).waitFor();
    await page().getByRole("img", { name: /Residents, electric vehicles and utility companies buy and sell energy/ }).waitFor();
  });

  it("task 2: find and describe the last transaction", async () => {
    const { transaction } = await payIn("Resident:home-02", 40);
    await page().getByRole("link", { name: "Transactions" }).first().click();
    const row = page().locator("tbody tr").filter({ hasText: "Cash funding" }).filter({ hasText: "home-02" }).first();
    await row.waitFor();
    expect(await row.textContent()).toContain("€40.00");
    await row.getByRole("link").first().click();
    await page().getByRole("heading", { name: "Transaction" }).waitFor();
    await page().getByText(transaction).first().waitFor();
    for (const fact of ["home-02", "€40.00", "done"]) await page().locator("main").getByText(fact).first().waitFor();
  });

  it("task 2b: and verify it in the browser", async () => {
    await page().getByRole("button", { name: "Verify now" }).click();
    await page().getByText("Verified.", { exact: true }).waitFor();
  });

  it("task 3: check a resident's status", async () => {
    await page().getByRole("link", { name: "Participants" }).first().click();
    await page().getByLabel("Search").fill("home-02");
    await page().getByRole("link", { name: "home-02" }).click();
    await page().getByRole("heading", { name: "Status of home-02" }).waitFor();
    const status = await page().locator(".tiles").first().textContent();
    for (const fact of ["Energy available", "Coins", "Cash", "40.00"]) expect(status).toContain(fact);
  });

  it("task 4: add a participant; an error loses no input, and no reload is needed", async () => {
    await page().getByRole("link", { name: "Participants" }).first().click();
    await page().getByRole("button", { name: "Add: Resident" }).click();
    const dialog = page().getByRole("dialog");
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
    await page().getByText("ana-01 was added.").waitFor();
    await page().locator("tbody tr").filter({ hasText: "Ana Sousa" }).waitFor();
  });

  it("task 5: sell energy from an electric vehicle to a utility company", async () => {
    await call("POST", "/v1/participants", { type: "ElectricVehicle", id: "leaf", owner: "home-02", vehicle_type: "BEV", brand: "Nissan", model: "Leaf", buy_rate: "0.16", sell_rate: "0.1" });
    await submit({ type: "ProvisionAsset", owner: "ElectricVehicle:leaf", asset: "EN", balance: "5" });
    await submit({ type: "ProvisionAsset", owner: "ElectricVehicle:leaf", asset: "CO", balance: "0" });
    await submit({ type: "ProvisionAsset", owner: "UtilityCompany:EEM", asset: "EN", balance: "0" });
    await submit({ type: "AdjustAsset", owner: "UtilityCompany:EEM", asset: "CO", balance: "100" });
    await page().getByRole("link", { name: "New transaction" }).first().click();
    await page().getByRole("button", { name: /Sell energy/ }).click();
    await choose("Seller", "ElectricVehicle:leaf");
    const buyers = await page().getByLabel("Buyer", { exact: true }).locator("option").allTextContents();
    expect(buyers.join()).not.toContain("leaf");
    expect(buyers.join()).not.toContain("B1");
    await choose("Buyer", "UtilityCompany:EEM");
    await page().getByLabel("Energy (kWh)").fill("14");
    await page().getByText("Insufficient energy in producer account").waitFor();
    await page().getByLabel("Energy (kWh)").fill("2");
    await page().getByRole("button", { name: "Execute" }).click();
    await page().getByText("The transaction is done.").waitFor();
    await page().locator("main").getByRole("link").filter({ hasText: /^[0-9a-f]{64}$/ }).click();
    await page().getByText("Energy for coins").first().waitFor();
  });

  it("task 6: a resident withdraws cash", async () => {
    await page().getByRole("link", { name: "New transaction" }).first().click();
    await page().getByRole("button", { name: /Pay cash out to a resident/ }).click();
    await choose("Resident", "Resident:home-02");
    await page().getByLabel("Cash (EUR)").fill("1000");
    await page().getByText("Insufficient cash in resident account").waitFor();
    await page().getByLabel("Cash (EUR)").fill("15");
    await page().getByRole("button", { name: "Execute" }).click();
    await page().getByText("The transaction is done.").waitFor();
  });

  it("shows what a change comes to before anybody makes it", async () => {
    await goTo(page(), "/console/governance");
    await choose("Parameter", "clearing_rule");
    await choose("New value", "mid_market");
    await page().getByText("one price for all → the middle of both limits").waitFor();
    await page().getByText(/powershare governance parameter clearing_rule mid_market --key administrator\.key --peer http/).waitFor();
    await page().getByRole("button", { name: "A peer" }).click();
    await choose("Which peer", "funchal-0");
    await page().getByText("A chain needs four peers or more.").waitFor();
    await page().getByRole("button", { name: "A tariff" }).click();
    await page().getByLabel(/^Tariff/).fill("0.2");
    await page().getByText("Homes pay more by").waitFor();
    await page().getByRole("button", { name: "Set the tariff" }).click();
    await page().getByText("The tariff is set").waitFor();
    const { items } = await call<{ items: { id: string; tariff: string }[] }>("GET", "/v1/participants?type=UtilityCompany");
    expect(items.find(({ id }) => id === "EEM")?.tariff).toBe("0.2");
  });

  it("shows every screen on a desktop, light and dark, without findings of axe and without other hosts", async () => {
    await expectScreens(page(), screens, ["light", "dark"]);
    await goTo(page(), "/console/slots");
    await page().locator("tbody a").first().click();
    await expectScreen(page(), "/slots/:start");
    await expectAccessible(page(), "/slots/:start");
    expect([...watched.hosts]).toEqual(["127.0.0.1"]);
    expect(watched.faults).toEqual([]);
  });

  it("fits a phone, in Portuguese and dark", async () => {
    const phone = await open(browser(), "pt", "phone", "dark");
    await openConsole(phone.page);
    await expectScreens(phone.page, screens, ["dark"]);
    expect(phone.faults).toEqual([]);
    await phone.context.close();
  });
}
