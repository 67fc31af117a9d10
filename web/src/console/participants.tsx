import { useMemo, useState } from "react";
import { operator, refOf, type Account, type Names, type Participant, type ParticipantType } from "../api/operator";
import { useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { Link, navigate, useQuery } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Button, Card, Notice, Segmented } from "../ui/basic";
import { Dialog } from "../ui/dialog";
import { TextField } from "../ui/form";
import { ErrorNotice, Shown } from "../ui/state";
import { Table, type Column } from "../ui/table";
import { say } from "../ui/toast";
import { useConsoleText } from "./i18n";
import { ParticipantForm } from "./participant-form";

export interface Row {
  participant: Participant;
  names: Names | null;
  energy: number | null;
  coins: number | null;
  cash: { currency: string; amount: number }[];
}

export function rowsOf(participants: Participant[], accounts: Account[], names: Map<string, Names>): Row[] {
  const byOwner = new Map<string, Account[]>();
  for (const account of accounts) {
    if (account.class !== "participant" || !account.owner) continue;
    byOwner.set(account.owner, [...(byOwner.get(account.owner) ?? []), account]);
  }
  return participants.map((participant) => {
    const own = byOwner.get(refOf(participant)) ?? [];
    const sum = (asset: string) => {
      const found = own.filter((account) => account.asset === asset);
      return found.length === 0 ? null : found.reduce((total, account) => total + Number(account.balance), 0);
    };
    const cash = own.filter(({ asset }) => asset === "CA").map(({ currency, balance }) => ({ currency: currency ?? "", amount: Number(balance) }));
    return { participant, names: participant.type === "Resident" ? (names.get(participant.id) ?? null) : null, energy: sum("EN"), coins: sum("CO"), cash };
  });
}

export function nameOf(row: Row): string {
  const { participant, names } = row;
  if (participant.type === "Resident") return names ? `${names.firstName} ${names.lastName}`.trim() : "";
  if (participant.type === "ElectricVehicle") return `${participant.brand} ${participant.model}`.trim();
  return participant.name;
}

/** The participants with their balances and names. */
export function useParticipants() {
  return useResource(
    "op participants",
    async (signal) => {
      const [participants, accounts, names] = await Promise.all([operator.participants(signal), operator.accounts(signal), operator.names(signal)]);
      return rowsOf(participants, accounts, names);
    },
    { live: true },
  );
}

function useColumns(type: ParticipantType, act: (row: Row, what: "edit" | "delete") => void): Column<Row>[] {
  const t = useText();
  const c = useConsoleText();
  const f = useFormat();
  return useMemo(() => {
    const p = c.participants;
    const number = (value: number | null, digits: number) => (value === null ? t.state.none : f.number(value, digits));
    const columns: (Column<Row> | false)[] = [
      { key: "id", title: p.id, by: (row) => row.participant.id, cell: (row) => <Link to={`/console/participants/${encodeURIComponent(refOf(row.participant))}`}>{row.participant.id}</Link> },
      { key: "name", title: p.name, by: nameOf, cell: (row) => nameOf(row) || t.state.none },
      type === "Resident" && { key: "email", title: p.email, wide: true, by: (row) => row.names?.email ?? "", cell: (row) => row.names?.email || t.state.none },
      type === "ElectricVehicle" && { key: "owner", title: p.owner, by: (row) => row.participant.owner ?? "", cell: (row) => row.participant.owner ?? t.state.none },
      (type === "Resident" || type === "ElectricVehicle") && { key: "buy", title: p.buyRate, number: true, wide: true, by: (row) => Number(row.participant.buy_rate), cell: (row) => f.number(row.participant.buy_rate) },
      (type === "Resident" || type === "ElectricVehicle") && { key: "sell", title: p.sellRate, number: true, wide: true, by: (row) => Number(row.participant.sell_rate), cell: (row) => f.number(row.participant.sell_rate) },
      type === "UtilityCompany" && { key: "tariff", title: p.tariff, number: true, by: (row) => Number(row.participant.tariff), cell: (row) => f.number(row.participant.tariff) },
      type === "UtilityCompany" && { key: "feed", title: p.feedIn, number: true, by: (row) => Number(row.participant.feed_in), cell: (row) => f.number(row.participant.feed_in) },
      type !== "Bank" && { key: "energy", title: p.energy, number: true, by: (row) => row.energy ?? -1, cell: (row) => number(row.energy, 3) },
      { key: "coins", title: p.coins, number: true, by: (row) => row.coins ?? -1, cell: (row) => number(row.coins, 4) },
      (type === "Resident" || type === "Bank") && {
        key: "cash",
        title: p.cash,
        number: true,
        by: (row) => row.cash[0]?.amount ?? -1,
        cell: (row) => (row.cash.length === 0 ? t.state.none : row.cash.map(({ amount, currency }) => f.cash(amount, currency)).join(", ")),
      },
      {
        key: "actions",
        title: p.actions,
        cell: (row) => (
          <span className="row together">
            <Button small onClick={() => act(row, "edit")} aria-label={`${p.edit} ${row.participant.id}`}>
              {p.edit}
            </Button>
            <Button small look="danger" onClick={() => act(row, "delete")} aria-label={`${p.delete} ${row.participant.id}`}>
              {p.delete}
            </Button>
          </span>
        ),
      },
    ];
    return columns.filter((column) => column !== false);
  }, [type, act, t, c, f]);
}

function Deletion({ row, done }: { row: Row; done(): void }) {
  const t = useText();
  const c = useConsoleText();
  const remove = useAction(async () => {
    await operator.transact({ type: "DeleteParticipant", participant: refOf(row.participant) });
    say(c.participants.deleted(row.participant.id));
    done();
  });
  return (
    <div className="stack">
      <p>{c.participants.deleteHelp}</p>
      {remove.error && <ErrorNotice error={remove.error} />}
      <div className="row end">
        <Button onClick={done}>{t.state.cancel}</Button>
        <Button look="danger" busy={remove.busy} onClick={() => void remove.run()}>
          {c.participants.delete}
        </Button>
      </div>
    </div>
  );
}

type Open = { what: "add" } | { what: "edit" | "delete"; row: Row } | null;

export default function Participants() {
  const t = useText();
  const c = useConsoleText();
  const query = useQuery();
  const type = (query.get("type") ?? "Resident") as ParticipantType;
  const [search, setSearch] = useState("");
  const [open, setOpen] = useState<Open>(null);
  const all = useParticipants();
  const act = useMemo(() => (row: Row, what: "edit" | "delete") => setOpen({ row, what }), []);
  const columns = useColumns(type, act);
  const ofType = useMemo(() => (all.data ?? []).filter((row) => row.participant.type === type), [all.data, type]);
  const wanted = search.trim().toLowerCase();
  const shown = ofType.filter((row) => `${row.participant.id} ${nameOf(row)} ${row.names?.email ?? ""} ${row.participant.owner ?? ""}`.toLowerCase().includes(wanted));
  const close = () => {
    setOpen(null);
    all.reload();
  };
  const title = open === null ? "" : open.what === "add" ? c.participants.addTitle(c.participants.type[type]) : open.what === "edit" ? c.participants.editTitle(open.row.participant.id) : c.participants.deleteTitle(open.row.participant.id);
  return (
    <div className="stack">
      <div className="page-head">
        <h1>{c.nav.participants}</h1>
        <Button look="primary" onClick={() => setOpen({ what: "add" })}>
          {c.participants.addTitle(c.participants.type[type])}
        </Button>
      </div>
      <Segmented
        label={c.nav.participants}
        value={type}
        options={(Object.keys(c.participants.types) as ParticipantType[]).map((name) => [name, c.participants.types[name]] as const)}
        onChange={(next) => navigate(`/console/participants?type=${next}`, true)}
      />
      <TextField label={c.participants.search} type="search" value={search} onChange={setSearch} />
      <Card>
        <Shown of={all} rows={4} empty={[ofType.length === 0, c.participants.empty]}>
          {() => (shown.length === 0 ? <Notice>{c.participants.noMatch}</Notice> : <Table key={type} label={c.participants.types[type]} columns={columns} rows={shown} rowKey={(row) => row.participant.id} first={{ key: "id", down: false }} sortText={c.participants.sort} />)}
        </Shown>
      </Card>
      <Dialog title={title} open={open !== null} onClose={() => setOpen(null)} closeLabel={t.state.close}>
        {open?.what === "delete" && <Deletion row={open.row} done={close} />}
        {open && open.what !== "delete" && <ParticipantForm type={type} row={open.what === "edit" ? open.row : null} all={all.data ?? []} done={close} />}
      </Dialog>
    </div>
  );
}

