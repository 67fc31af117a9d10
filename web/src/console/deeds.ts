// The five transactions that an operator makes by hand: who may take part, what must be there, what is sent.
import { refOf, type ParticipantType } from "../api/operator";
import type { Row } from "./participants";

export type Deed = "energy" | "exchange" | "vehicle" | "fund" | "withdraw";
export const deeds: readonly Deed[] = ["energy", "exchange", "vehicle", "fund", "withdraw"];

/** With whom each type trades energy (thesis §3.2.2; ledger/trading_rights.cpp). */
const energyWith: Record<ParticipantType, readonly ParticipantType[]> = {
  Resident: ["Resident", "ElectricVehicle", "UtilityCompany"],
  ElectricVehicle: ["Resident", "ElectricVehicle", "UtilityCompany"],
  UtilityCompany: ["Resident", "ElectricVehicle"],
  Bank: [],
};

export interface DeedForm {
  deed: Deed;
  first: string;
  second: string;
  buysCoins: boolean;
  amount: string;
  rate: string;
}

function firstTypes(deed: Deed): readonly ParticipantType[] {
  if (deed === "energy") return ["Resident", "ElectricVehicle", "UtilityCompany"];
  if (deed === "vehicle") return ["Resident", "ElectricVehicle"];
  return ["Resident"];
}

/** Whether `row` has the accounts that the deed books on; the ledger opens none on the way. */
export function hasAccounts(deed: Deed, row: Row): boolean {
  if (deed === "energy") return row.energy !== null && row.coins !== null;
  if (deed === "vehicle") return row.coins !== null;
  return row.cash.length > 0 && (deed !== "exchange" || row.coins !== null);
}

export function mayBegin(deed: Deed, row: Row): boolean {
  return firstTypes(deed).includes(row.participant.type) && hasAccounts(deed, row);
}

/** Who may stand on the other side of `first`. */
export function mayFollow(deed: Deed, first: Row | undefined, other: Row): boolean {
  if (!first || !hasAccounts(deed, other) || refOf(first.participant) === refOf(other.participant)) return false;
  const [one, two] = [first.participant.type, other.participant.type];
  if (deed === "energy") return energyWith[one].includes(two);
  if (deed === "exchange") return two === "Bank";
  if (deed === "vehicle") return (one === "Resident" && two === "ElectricVehicle") || (one === "ElectricVehicle" && two === "Resident");
  return false;
}

export const hasSecond = (deed: Deed) => deed === "energy" || deed === "exchange" || deed === "vehicle";

const cashOf = (row: Row, currency: string) => row.cash.find((each) => each.currency === currency)?.amount ?? 0;

export type Shortage = "shortEnergy" | "shortCoins" | "shortCash" | "shortBankCash";

/** What would be refused for want of balance; the ledger checks it again. */
export function shortageOf(form: DeedForm, first: Row, second: Row | undefined, amount: number, rate: number, currency: string): Shortage | null {
  switch (form.deed) {
    case "energy":
      if ((first.energy ?? 0) < amount) return "shortEnergy";
      return second && (second.coins ?? 0) < amount * rate ? "shortCoins" : null;
    case "exchange":
      if (form.buysCoins) return cashOf(first, currency) < amount ? "shortCash" : second && (second.coins ?? 0) < amount ? "shortCoins" : null;
      return (first.coins ?? 0) < amount ? "shortCoins" : second && cashOf(second, currency) < amount ? "shortBankCash" : null;
    case "vehicle":
      return (first.coins ?? 0) < amount ? "shortCoins" : null;
    case "withdraw":
      return cashOf(first, currency) < amount ? "shortCash" : null;
    case "fund":
      return null;
  }
}

export function payloadOf(form: DeedForm, amount: string, rate: string, currency: string): { type: string } & Record<string, unknown> {
  const { first, second } = form;
  switch (form.deed) {
    case "energy":
      return { type: "EnergyToCoins", energy_kwh: amount, energy_rate: rate, seller: first, buyer: second };
    case "exchange":
      return { type: "CashToCoins", cash_rate: "1", cash: amount, currency, coins_to: form.buysCoins ? first : second, coins_from: form.buysCoins ? second : first };
    case "vehicle":
      return { type: "TransferCoinsToEV", amount_coins: amount, from: first, to: second };
    case "fund":
      return { type: "CashFundingResident", cash: amount, currency, resident: first };
    case "withdraw":
      return { type: "CashWithdrawalResident", cash: amount, currency, resident: first };
  }
}
