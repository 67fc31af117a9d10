import { useState, type FormEvent } from "react";
import { ApiError } from "../api/http";
import { operator, refOf, type ParticipantType } from "../api/operator";
import { useText } from "../i18n";
import { useAction } from "../lib/resource";
import { Button } from "../ui/basic";
import { Check, parseDecimal, SelectField, TextField } from "../ui/form";
import { ErrorNotice } from "../ui/state";
import { say } from "../ui/toast";
import { useConsoleText } from "./i18n";
import type { Row } from "./participants";

const usualRate = "0.1629";
const vehicleKinds = ["BEV", "PHEV", "HEV", "SCOOTER", "BIKE"] as const;

interface Form {
  id: string;
  firstName: string;
  lastName: string;
  email: string;
  name: string;
  buy: string;
  sell: string;
  owner: string;
  kind: string;
  brand: string;
  model: string;
  tariff: string;
  feedIn: string;
  supplier: boolean;
  energy: string;
  coins: string;
  cash: string;
}
type Wrong = Partial<Record<keyof Form, string>>;

function formOf(row: Row | null): Form {
  const p = row?.participant;
  return {
    id: p?.id ?? "",
    firstName: row?.names?.firstName ?? "",
    lastName: row?.names?.lastName ?? "",
    email: row?.names?.email ?? "",
    name: p?.name ?? "",
    buy: p?.buy_rate ?? usualRate,
    sell: p?.sell_rate ?? usualRate,
    owner: p?.owner ?? "",
    kind: p?.vehicle_type ?? "BEV",
    brand: p?.brand ?? "",
    model: p?.model ?? "",
    tariff: p?.tariff ?? usualRate,
    feedIn: p?.feed_in ?? "0",
    supplier: p?.supplier ?? true,
    energy: "0",
    coins: "0",
    cash: "0",
  };
}

const isAmount = (text: string) => {
  const value = parseDecimal(text);
  return value !== null && value >= 0;
};
const plain = (text: string) => String(parseDecimal(text) ?? 0);

function useWrong(type: ParticipantType, form: Form, isNew: boolean, taken: Set<string>): Wrong {
  const t = useText();
  const { participants: p } = useConsoleText();
  const wrong: Wrong = {};
  if (isNew && (form.id.trim() === "" || new TextEncoder().encode(form.id).length > 128)) wrong.id = p.badId;
  else if (isNew && taken.has(form.id.trim())) wrong.id = p.taken;
  if (type === "Resident" && form.email && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(form.email)) wrong.email = p.badEmail;
  if (type === "Resident" && form.firstName.trim() === "") wrong.firstName = t.state.required;
  if (type === "ElectricVehicle" && form.owner === "") wrong.owner = p.chooseOwner;
  if ((type === "UtilityCompany" || type === "Bank") && form.name.trim() === "") wrong.name = t.state.required;
  for (const field of ["buy", "sell", "tariff", "feedIn"] as const) if (!isAmount(form[field])) wrong[field] = p.badRate;
  if (isNew) for (const field of ["energy", "coins", "cash"] as const) if (!isAmount(form[field])) wrong[field] = p.badAmount;
  return wrong;
}

/** The participant's record, and for a new one its accounts with what it begins with. */
async function send(type: ParticipantType, form: Form, row: Row | null): Promise<void> {
  const id = form.id.trim();
  if (type === "Resident") {
    const resident = { residentID: id, firstName: form.firstName.trim(), lastName: form.lastName.trim(), email: form.email.trim(), buyRate: Number(plain(form.buy)), sellRate: Number(plain(form.sell)) };
    await (row ? operator.updateResident(resident) : operator.addResident(resident));
    return;
  }
  const own =
    type === "ElectricVehicle"
      ? { owner: form.owner, vehicle_type: form.kind, brand: form.brand.trim(), model: form.model.trim(), buy_rate: plain(form.buy), sell_rate: plain(form.sell) }
      : type === "UtilityCompany"
        ? { name: form.name.trim(), supplier: form.supplier, tariff: plain(form.tariff), feed_in: plain(form.feedIn) }
        : { name: form.name.trim() };
  const participant = { type, id, ...own };
  if (row) await operator.transact({ type: "UpdateParticipant", participant: { ...row.participant, ...participant } });
  else await operator.addParticipant(participant);
}

async function openAccounts(type: ParticipantType, form: Form): Promise<void> {
  const owner = refOf({ type, id: form.id.trim() });
  const open = (asset: string, balance: string, currency?: string) => operator.transact({ type: "ProvisionAsset", owner, asset, balance: plain(balance), ...(currency ? { currency } : {}) });
  if (type !== "Bank") await open("EN", form.energy);
  await open("CO", form.coins);
  if (type === "Resident" || type === "Bank") await open("CA", form.cash, "EUR");
}

export function ParticipantForm({ type, row, all, done }: { type: ParticipantType; row: Row | null; all: Row[]; done(): void }) {
  const t = useText();
  const { participants: p } = useConsoleText();
  const [form, setForm] = useState(() => formOf(row));
  const [tried, setTried] = useState(false);
  const [added, setAdded] = useState(false);
  const taken = new Set(all.filter(({ participant }) => participant.type === type).map(({ participant }) => participant.id));
  const wrong = useWrong(type, form, row === null && !added, taken);
  const save = useAction(async () => {
    if (!added) await send(type, form, row);
    if (row === null) {
      setAdded(true);
      try {
        await openAccounts(type, form);
      } catch (error) {
        throw new ApiError(0, "partly", `${p.partly} ${error instanceof Error ? error.message : ""}`);
      }
    }
    say(row ? p.changed(form.id) : p.added(form.id.trim()));
    done();
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(wrong).length === 0) void save.run();
  };
  const text = (field: Exclude<keyof Form, "supplier">, label: string, more: { inputMode?: "decimal"; type?: string; disabled?: boolean } = {}) => (
    <TextField label={label} value={form[field]} wrong={tried ? (wrong[field] ?? null) : null} onChange={(value) => setForm({ ...form, [field]: value })} {...more} />
  );
  const decimal = { inputMode: "decimal" } as const;
  const owners = all.filter(({ participant }) => participant.type === "Resident").map(({ participant, names }) => [participant.id, names?.firstName ? `${participant.id} (${names.firstName} ${names.lastName})` : participant.id] as const);
  return (
    <form className="stack" onSubmit={submit} noValidate>
      {text("id", p.id, { disabled: row !== null })}
      {type === "Resident" && (
        <>
          {text("firstName", p.firstName)}
          {text("lastName", p.lastName)}
          {text("email", p.email, { type: "email" })}
        </>
      )}
      {(type === "UtilityCompany" || type === "Bank") && text("name", p.name)}
      {type === "ElectricVehicle" && (
        <>
          <SelectField label={p.owner} value={form.owner} empty={p.chooseOwner} options={owners} wrong={tried ? (wrong.owner ?? null) : null} onChange={(owner) => setForm({ ...form, owner })} />
          <SelectField label={p.kind} value={form.kind} options={vehicleKinds.map((kind) => [kind, kind] as const)} onChange={(kind) => setForm({ ...form, kind })} />
          {text("brand", p.brand)}
          {text("model", p.model)}
        </>
      )}
      {(type === "Resident" || type === "ElectricVehicle") && (
        <div className="grid">
          {text("buy", p.buyRate, decimal)}
          {text("sell", p.sellRate, decimal)}
        </div>
      )}
      {type === "UtilityCompany" && (
        <>
          <div className="grid">
            {text("tariff", p.tariff, decimal)}
            {text("feedIn", p.feedIn, decimal)}
          </div>
          <Check label={p.supplier} checked={form.supplier} onChange={(supplier) => setForm({ ...form, supplier })} />
        </>
      )}
      {row === null && (
        <div className="grid">
          {type !== "Bank" && text("energy", p.openingEnergy, decimal)}
          {text("coins", p.openingCoins, decimal)}
          {(type === "Resident" || type === "Bank") && text("cash", p.openingCash, decimal)}
        </div>
      )}
      {save.error && <ErrorNotice error={save.error} />}
      <div className="row end">
        <Button onClick={done}>{t.state.cancel}</Button>
        <Button type="submit" look="primary" busy={save.busy}>
          {save.busy ? t.state.saving : row ? t.state.save : p.add}
        </Button>
      </div>
    </form>
  );
}
