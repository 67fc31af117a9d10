import { describe, expect, it } from "vitest";
import type { Account, BookOrder, Participant, Trade } from "../api/operator";
import { createFormatter } from "../lib/format";
import { staircase } from "./curves";
import { mayBegin, mayFollow, payloadOf, shortageOf, type DeedForm } from "./deeds";
import { whatOf, whoOf } from "./describe";
import { sumFlows } from "./flows";
import { nameOf, rowsOf } from "./participants";
import { fieldsOf } from "./transaction";

const participant = (type: Participant["type"], id: string) => ({ type, id, brand: "", model: "", name: "" }) as Participant;
const account = (owner: string, asset: string, balance: string, currency: string | null = null): Account => ({ id: owner + asset, owner, class: "participant", asset, currency, balance });
const rows = rowsOf(
  [participant("Resident", "a"), participant("Resident", "b"), participant("ElectricVehicle", "ev"), participant("UtilityCompany", "u"), participant("Bank", "bank"), participant("UtilityCompany", "new")],
  [account("Resident:a", "EN", "2"), account("Resident:a", "CO", "10.5"), account("Resident:a", "CA", "5", "EUR"), account("Resident:b", "EN", "0"), account("Resident:b", "CO", "0"), account("ElectricVehicle:ev", "EN", "3"), account("ElectricVehicle:ev", "CO", "0"), account("UtilityCompany:u", "EN", "0"), account("UtilityCompany:u", "CO", "100"), account("Bank:bank", "CO", "9"), account("Bank:bank", "CA", "9", "EUR")],
  new Map([["a", { firstName: "Ana", lastName: "Sousa", email: "" }]]),
);
const [a, b, ev, u, bank] = rows as [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0], (typeof rows)[0], (typeof rows)[0]];
const form = (part: Partial<DeedForm>): DeedForm => ({ deed: "energy", first: "Resident:a", second: "Resident:b", buysCoins: true, amount: "1", rate: "0.1", ...part });

describe("participants", () => {
  it("carry their balances and names", () => {
    expect(a).toMatchObject({ energy: 2, coins: 10.5, cash: [{ currency: "EUR", amount: 5 }] });
    expect(bank.energy).toBeNull();
    expect(nameOf(a)).toBe("Ana Sousa");
  });
});

describe("deeds", () => {
  it("offer only partners that are allowed", () => {
    const after = (deed: DeedForm["deed"], first: typeof a) => rows.filter((row) => mayFollow(deed, first, row)).map((row) => row.participant.id);
    expect(after("energy", a)).toEqual(["b", "ev", "u"]);
    expect(after("energy", u)).toEqual(["a", "b", "ev"]);
    expect(after("energy", ev)).toEqual(["a", "b", "u"]);
    expect(after("exchange", a)).toEqual(["bank"]);
    expect(after("vehicle", ev)).toEqual(["a", "b"]);
    expect(mayFollow("energy", undefined, b)).toBe(false);
  });
  it("offer nobody who lacks the accounts", () => {
    const first = (deed: DeedForm["deed"]) => rows.filter((row) => mayBegin(deed, row)).map((row) => row.participant.id);
    expect(first("energy")).toEqual(["a", "b", "ev", "u"]);
    expect(first("fund")).toEqual(["a"]);
    expect(first("vehicle")).toEqual(["a", "b", "ev"]);
  });
  it("see beforehand what the ledger would refuse", () => {
    expect(shortageOf(form({}), a, u, 14, 0.1, "EUR")).toBe("shortEnergy");
    expect(shortageOf(form({}), a, b, 1, 0.1, "EUR")).toBe("shortCoins");
    expect(shortageOf(form({}), ev, u, 1, 0.1, "EUR")).toBeNull();
    expect(shortageOf(form({ deed: "withdraw" }), a, undefined, 6, 0, "EUR")).toBe("shortCash");
    expect(shortageOf(form({ deed: "exchange" }), a, bank, 6, 0, "EUR")).toBe("shortCash");
    expect(shortageOf(form({ deed: "exchange", buysCoins: false }), a, bank, 9.5, 0, "EUR")).toBe("shortBankCash");
    expect(shortageOf(form({ deed: "fund" }), a, undefined, 1e6, 0, "EUR")).toBeNull();
  });
  it("send what the ledger reads", () => {
    expect(payloadOf(form({ deed: "exchange", second: "Bank:bank", buysCoins: false }), "2", "0", "EUR")).toEqual({ type: "CashToCoins", cash_rate: "1", cash: "2", currency: "EUR", coins_to: "Bank:bank", coins_from: "Resident:a" });
    expect(payloadOf(form({}), "2", "0.1", "EUR")).toEqual({ type: "EnergyToCoins", energy_kwh: "2", energy_rate: "0.1", seller: "Resident:a", buyer: "Resident:b" });
  });
});

describe("transactions", () => {
  const f = createFormatter("en", "UTC");
  const transaction = (payload: Record<string, unknown>) => ({ id: "", type: String(payload.type), principal: "", initiator: null, signer: null, payload });
  it("are told in a line", () => {
    const energy = transaction({ type: "EnergyToCoins", energy_kwh: "1.5", energy_rate: "0.1", seller: "ElectricVehicle:ev", buyer: "UtilityCompany:u" });
    expect(whoOf(energy)).toEqual(["ElectricVehicle:ev", "UtilityCompany:u"]);
    expect(whatOf(energy, f)).toBe("1.500\u00a0kWh · 0.10\u00a0coins/kWh");
    expect(whoOf(transaction({ type: "AddParticipant", participant: { type: "Resident", id: "x" } }))).toEqual(["Resident:x"]);
  });
  it("show all of their fields", () => {
    expect(fieldsOf({ a: 1, b: { c: ["x", null] }, d: "" })).toEqual([
      ["a", "1"],
      ["b.c[0]", "x"],
    ]);
  });
});

describe("the market's pictures", () => {
  it("sort supply upwards and demand downwards", () => {
    const order = (side: "buy" | "sell", energy_kwh: string, limit: string): BookOrder => ({ participant: "", side, by: "criteria", energy_kwh, limit, restricted: false });
    const orders = [order("sell", "1", "0.2"), order("sell", "2", "0.1"), order("buy", "1", "0.1"), order("buy", "1", "0.3")];
    expect(staircase(orders, "sell")).toEqual([
      { from: 0, to: 2, price: 0.1 },
      { from: 2, to: 3, price: 0.2 },
    ]);
    expect(staircase(orders, "buy").map((step) => step.price)).toEqual([0.3, 0.1]);
  });
  it("add up who sold to whom", () => {
    const trade = (seller: string, buyer: string, energy_kwh: string) => ({ seller, buyer, energy_kwh, amount: "1" }) as Trade;
    expect(sumFlows([trade("a", "b", "1"), trade("a", "c", "3"), trade("a", "b", "1.5")])).toEqual([
      { seller: "a", buyer: "c", energy: 3, amount: 1 },
      { seller: "a", buyer: "b", energy: 2.5, amount: 2 },
    ]);
  });
});
