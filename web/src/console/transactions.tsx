import { useMemo, useState } from "react";
import { operator, type Receipt, type TransactionLine } from "../api/operator";
import { textOf, useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { Link, navigate } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Badge, Button, Card } from "../ui/basic";
import { Check, SelectField, TextField } from "../ui/form";
import { ErrorNotice, Shown } from "../ui/state";
import { Table } from "../ui/table";
import { shortRefs, whatOf, whoOf } from "./describe";
import { useConsoleText } from "./i18n";

const perPage = 50;
/** The list leaves these out; they stand in their blocks. */
const unlisted = new Set(["ReadingBatch", "ClockStep"]);
const sessions = new Set(["OpenSession", "CloseSession"]);

export function OutcomeBadge({ receipt }: { receipt: Receipt | null }) {
  const { transactions: x } = useConsoleText();
  if (!receipt) return null;
  return <Badge tone={receipt.outcome === "rejected" ? "bad" : "good"}>{x[receipt.outcome]}</Badge>;
}

function matches(line: TransactionLine, wanted: string, names: Record<string, string>): boolean {
  const { transaction } = line;
  return `${transaction.id} ${transaction.type} ${whoOf(transaction).join(" ")} ${textOf(names, transaction.type ?? "")}`.toLowerCase().includes(wanted);
}

export function TransactionTable({ lines }: { lines: TransactionLine[] }) {
  const t = useText();
  const { transactions: x, nav } = useConsoleText();
  const f = useFormat();
  return (
    <Table
      label={nav.transactions}
      rows={lines}
      rowKey={(line) => `${line.height}.${line.index}`}
      onRow={(line) => navigate(`/console/transactions/${line.transaction.id}`)}
      columns={[
        { key: "time", title: x.time, cell: (line) => f.exact(line.time) },
        { key: "type", title: x.type, cell: (line) => <Link to={`/console/transactions/${line.transaction.id}`}>{textOf(x.names, line.transaction.type ?? "")}</Link> },
        { key: "who", title: x.who, cell: (line) => shortRefs(whoOf(line.transaction)) || t.state.none },
        { key: "what", title: x.what, cell: (line) => whatOf(line.transaction, f) || t.state.none },
        { key: "outcome", title: x.outcome, cell: (line) => <OutcomeBadge receipt={line.receipt} /> },
        { key: "block", title: x.block, number: true, wide: true, cell: (line) => <Link to={`/console/blocks/${line.height}`}>{f.number(line.height)}</Link> },
      ]}
    />
  );
}

export default function Transactions() {
  const t = useText();
  const { transactions: x, nav } = useConsoleText();
  const [withSessions, setWithSessions] = useState(false);
  const [type, setType] = useState("");
  const [search, setSearch] = useState("");
  const [older, setOlder] = useState<{ type: string; lines: TransactionLine[]; next: string | null } | null>(null);
  const newest = useResource("op transactions " + type, (signal) => operator.transactions({ type, limit: perPage }, signal), { live: true });
  const further = older?.type === type ? older : null;
  const next = further ? further.next : (newest.data?.next ?? null);
  const more = useAction(async () => {
    if (!next) return;
    const page = await operator.transactions({ type, before: next, limit: perPage });
    setOlder({ type, lines: [...(further?.lines ?? []), ...page.items], next: page.next });
  });
  const lines = useMemo(() => {
    const seen = new Set<string>();
    const all = [...(newest.data?.items ?? []), ...(further?.lines ?? [])];
    return all.filter(({ height, index }) => !seen.has(`${height}.${index}`) && seen.add(`${height}.${index}`));
  }, [newest.data, further]);
  const wanted = search.trim().toLowerCase();
  const shown = lines.filter((line) => (type || withSessions || !sessions.has(line.transaction.type ?? "")) && (!wanted || matches(line, wanted, x.names)));
  return (
    <div className="stack">
      <div className="page-head">
        <h1>{nav.transactions}</h1>
        <Link className="button primary" to="/console/new">
          {nav.create}
        </Link>
      </div>
      <div className="grid">
        <TextField label={x.search} type="search" value={search} onChange={setSearch} />
        <SelectField label={x.filterType} value={type} empty={x.allTypes} options={Object.entries(x.names).filter(([name]) => !unlisted.has(name))} onChange={setType} />
        <Check label={x.sessions} checked={withSessions} onChange={setWithSessions} />
      </div>
      <Card title={x.lead}>
        <Shown of={newest} rows={4}>
          {() => (
            <div className="stack-small">
              {shown.length === 0 ? <p className="soft">{x.empty}</p> : <TransactionTable lines={shown} />}
              {next && (
                <div>
                  <Button busy={more.busy} onClick={() => void more.run()}>
                    {t.state.more}
                  </Button>
                </div>
              )}
              {more.error && <ErrorNotice error={more.error} />}
            </div>
          )}
        </Shown>
      </Card>
    </div>
  );
}
