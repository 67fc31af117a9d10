import { useMemo, useState } from "react";
import { operator, type Receipt, type Transaction } from "../api/operator";
import { textOf, useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { Link, navigate } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Badge, Button, Card } from "../ui/basic";
import { Check, SelectField, TextField } from "../ui/form";
import { ErrorNotice, Shown } from "../ui/state";
import { Table } from "../ui/table";
import { isTechnical, shortRefs, whatOf, whoOf } from "./describe";
import { useConsoleText } from "./i18n";

export interface Line {
  transaction: Transaction;
  receipt: Receipt | null;
  height: number;
  index: number;
  time: string;
}
interface Scan {
  lines: Line[];
  lowest: number;
  looked: number;
}

const blocksPerPage = 100;
const firstPages = 6;
const wantedLines = 40;

async function page(before: number, signal?: AbortSignal): Promise<Scan> {
  const from = Math.max(1, before - blocksPerPage);
  const { items } = await operator.blocks(from, Math.min(blocksPerPage, before - from), signal);
  const lines = items.flatMap((block) =>
    block.transactions.map((transaction, index) => ({ transaction, receipt: block.receipts[index] ?? null, height: block.height, index, time: block.header.time })),
  );
  return { lines: lines.reverse(), lowest: from, looked: items.length };
}

/** Newest first, page by page of blocks, until there are enough or the pages are used up. */
export async function scan(before: number, pages: number, enough: (lines: Line[]) => boolean, signal?: AbortSignal): Promise<Scan> {
  const whole: Scan = { lines: [], lowest: before, looked: 0 };
  for (let done = 0; done < pages && whole.lowest > 1 && !enough(whole.lines); ++done) {
    const next = await page(whole.lowest, signal);
    whole.lines.push(...next.lines);
    whole.lowest = next.lowest;
    whole.looked += next.looked;
  }
  return whole;
}

const enoughOf = (lines: Line[]) => lines.filter(({ transaction }) => !isTechnical(transaction.type)).length >= wantedLines;

export function OutcomeBadge({ receipt }: { receipt: Receipt | null }) {
  const { transactions: x } = useConsoleText();
  if (!receipt) return null;
  return <Badge tone={receipt.outcome === "rejected" ? "bad" : "good"}>{x[receipt.outcome]}</Badge>;
}

export default function Transactions() {
  const t = useText();
  const { transactions: x, nav } = useConsoleText();
  const f = useFormat();
  const [technical, setTechnical] = useState(false);
  const [type, setType] = useState("");
  const [search, setSearch] = useState("");
  const [older, setOlder] = useState<Scan | null>(null);
  const newest = useResource("op transactions", async (signal) => scan((await operator.status(signal)).height + 1, firstPages, enoughOf, signal), { live: true });
  const more = useAction(async () => {
    const from = older?.lowest ?? newest.data?.lowest;
    if (!from) return;
    const next = await scan(from, firstPages, enoughOf);
    setOlder({ lines: [...(older?.lines ?? []), ...next.lines], lowest: next.lowest, looked: (older?.looked ?? 0) + next.looked });
  });
  // What slid out of the newest pages since the older ones were read is missing until it is read again.
  const lines = useMemo(() => [...(newest.data?.lines ?? []), ...(older?.lines ?? []).filter(({ height }) => height < (newest.data?.lowest ?? 0))], [newest.data, older]);
  const types = [...new Set(lines.map(({ transaction }) => transaction.type ?? ""))].filter(Boolean).sort();
  const wanted = search.trim().toLowerCase();
  const shown = lines.filter(({ transaction }) => {
    if (type ? transaction.type !== type : !technical && isTechnical(transaction.type)) return false;
    if (!wanted) return true;
    return `${transaction.id} ${transaction.type} ${whoOf(transaction).join(" ")} ${textOf(x.names, transaction.type ?? "")}`.toLowerCase().includes(wanted);
  });
  const looked = (newest.data?.looked ?? 0) + (older?.looked ?? 0);
  const lowest = Math.min(newest.data?.lowest ?? 1, older?.lowest ?? Number.POSITIVE_INFINITY);
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
        <SelectField label={x.filterType} value={type} empty={x.allTypes} options={types.map((name) => [name, textOf(x.names, name)] as const)} onChange={setType} />
        <Check label={x.technical} checked={technical} onChange={setTechnical} />
      </div>
      <Card title={x.lead}>
        <Shown of={newest} rows={4}>
          {() => (
            <div className="stack-small">
              {shown.length === 0 ? (
                <p className="soft">{x.empty}</p>
              ) : (
                <Table
                  label={nav.transactions}
                  rows={shown}
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
              )}
              <div className="row">
                {lowest > 1 && (
                  <Button busy={more.busy} onClick={() => void more.run()}>
                    {x.older}
                  </Button>
                )}
                <span className="soft small">{x.scanned(f.number(looked))}</span>
              </div>
              {more.error && <ErrorNotice error={more.error} />}
            </div>
          )}
        </Shown>
      </Card>
    </div>
  );
}
