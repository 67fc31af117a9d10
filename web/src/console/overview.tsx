import { operator, type Status, type Totals } from "../api/operator";
import { peers } from "../api/http";
import { useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { Link } from "../lib/router";
import { useFormat } from "../lib/settings";
import { useStore } from "../lib/store";
import { useState } from "react";
import { Badge, Button, Card, Notice, Tile, Tiles, WithCode } from "../ui/basic";
import { ErrorNotice, Shown } from "../ui/state";
import { Table } from "../ui/table";
import { told } from "./events";
import { useConsoleText } from "./i18n";

const noticedLag = 8; // blocks; less is the ordinary way of things

function Peers({ status }: { status: Status }) {
  const c = useConsoleText();
  const f = useFormat();
  const rows = [{ id: status.peer, connected: true, height: status.height, own: true }, ...status.peers.map((peer) => ({ ...peer, own: false }))];
  return (
    <Table
      label={c.overview.peers}
      rows={rows}
      rowKey={(row) => row.id}
      columns={[
        { key: "peer", title: c.overview.peer, cell: (row) => (row.own ? `${row.id} (${c.overview.here})` : row.id) },
        {
          key: "state",
          title: c.overview.state,
          cell: (row) =>
            !row.connected ? (
              <Badge tone="bad">{c.overview.gone}</Badge>
            ) : status.height - row.height > noticedLag ? (
              <Badge tone="warn">{c.overview.behind(f.number(status.height - row.height))}</Badge>
            ) : (
              <Badge tone="good">{c.overview.connected}</Badge>
            ),
        },
        { key: "height", title: c.overview.height, number: true, cell: (row) => f.number(row.height) },
      ]}
    />
  );
}

function assetName(asset: string, names: Record<string, string>): string {
  return names[asset] ?? asset.replace("CA:", "");
}

function TotalsTable({ totals }: { totals: Totals }) {
  const c = useConsoleText();
  const f = useFormat();
  return (
    <Table
      label={c.overview.totals}
      rows={Object.entries(totals)}
      rowKey={([asset]) => asset}
      columns={[
        { key: "asset", title: c.overview.asset, cell: ([asset]) => assetName(asset, c.overview.names) },
        { key: "held", title: c.overview.held, number: true, cell: ([, each]) => f.number(each.classes.participant ?? "0", 3) },
        { key: "sum", title: c.overview.sum, number: true, cell: ([, each]) => (Number(each.total) === 0 ? <Badge tone="good">0</Badge> : <Badge tone="bad">{each.total}</Badge>) },
      ]}
    />
  );
}

/** What is wrong, in words; nothing when all holds. */
async function audit(c: ReturnType<typeof useConsoleText>): Promise<{ height: number; faults: string[] }> {
  const totals = await operator.totals();
  const faults = Object.entries(totals)
    .filter(([, each]) => Number(each.total) !== 0)
    .map(([asset]) => c.overview.auditSum(asset));
  const { height } = await operator.status();
  const common = Math.max(1, height - 2);
  const own = await operator.block(common);
  for (const base of peers.list()) {
    try {
      const response = await fetch(`${base}/v1/blocks/${common}/certificate`, { cache: "no-store", credentials: "omit" });
      if (!response.ok) continue;
      const { hash } = (await response.json()) as { hash: string };
      if (hash !== own.hash) faults.push(c.overview.auditRoot(base || window.location.origin));
    } catch {
      // A peer that does not answer says nothing about its state.
    }
  }
  return { height: common, faults };
}

function Audit() {
  const c = useConsoleText();
  const f = useFormat();
  const [result, setResult] = useState<{ height: number; faults: string[] } | null>(null);
  const run = useAction(async () => setResult(await audit(c)));
  return (
    <div className="stack-small">
      <p className="soft small"><WithCode text={c.overview.auditHelp} /></p>
      <div>
        <Button onClick={() => void run.run()} busy={run.busy}>
          {c.overview.audit}
        </Button>
      </div>
      {run.error && <ErrorNotice error={run.error} />}
      {result && (
        <Notice tone={result.faults.length === 0 ? "good" : "bad"} live>
          {result.faults.length === 0 ? c.overview.auditGood(f.number(result.height)) : c.overview.auditBad(result.faults.join("; "))}
        </Notice>
      )}
    </div>
  );
}

function Feed() {
  const c = useConsoleText();
  const f = useFormat();
  const events = useStore(told);
  return (
    <Card title={c.overview.events}>
      {events.length === 0 && <p className="soft">{c.overview.noEvents}</p>}
      <ul className="list feed" tabIndex={0} aria-label={c.overview.events}>
        {events
          .filter(({ type }) => type !== "readings")
          .map((event) => (
            <li key={event.id + event.type}>
              <span className="grow">
                <Badge tone={event.type === "alarm" ? "bad" : "plain"}>{event.type}</Badge>{" "}
                {typeof event.data.height === "number" && <Link to={`/console/blocks/${event.data.height}`}>{f.number(event.data.height)}</Link>}{" "}
                <span className="soft small">{typeof event.data.slot === "string" ? f.dateTime(event.data.slot) : typeof event.data.start === "string" ? f.dateTime(event.data.start) : ""}</span>
              </span>
              <span className="soft small number">{f.time(new Date(event.at).toISOString())}</span>
            </li>
          ))}
      </ul>
    </Card>
  );
}

export function Overview() {
  const t = useText();
  const c = useConsoleText();
  const f = useFormat();
  const status = useResource("op status", (signal) => operator.status(signal), { live: true });
  const totals = useResource("op totals", (signal) => operator.totals(signal), { live: true });
  const slots = useResource("op slots 6", (signal) => operator.slots(6, signal), { live: true });
  return (
    <div className="stack">
      <h1>{status.data ? c.overview.chain(status.data.chain) : c.nav.overview}</h1>
      <Shown of={status} rows={2}>
        {(data) => (
          <>
            {!data.ready && <Notice tone="bad">{`${c.overview.notReady}: ${data.not_ready.join(", ")}`}</Notice>}
            <Tiles>
              <Tile label={c.overview.height} value={f.number(data.height)} />
              <Tile label={c.overview.primary} value={data.primary} />
              <Tile label={c.overview.view} value={f.number(data.view)} />
              <Tile label={c.overview.executed} value={f.number(data.executed_transactions)} />
              <Tile label={c.overview.waiting} value={f.number(data.mempool)} />
              <Tile label={c.overview.islandTime} value={f.dateTime(data.time)} />
            </Tiles>
            <div className="grid wide">
              <Card title={c.overview.peers}>
                <Peers status={data} />
              </Card>
              <Card title={c.overview.totals}>
                <div className="stack">
                  <Shown of={totals}>{(each) => <TotalsTable totals={each} />}</Shown>
                  <Audit />
                </div>
              </Card>
              <Card title={c.overview.slot} actions={<Link to="/console/slots">{c.nav.slots}</Link>}>
                <Shown of={slots} empty={[(items) => items.length === 0, c.slots.empty]}>
                  {(items) => (
                    <Table
                      label={c.overview.slot}
                      rows={items}
                      rowKey={(slot) => slot.start}
                      columns={[
                        { key: "start", title: c.slots.start, cell: (slot) => <Link to={`/console/slots/${slot.start}`}>{f.dateTime(slot.start)}</Link> },
                        { key: "traded", title: c.slots.traded, number: true, cell: (slot) => f.number(slot.traded_kwh, 3) },
                        { key: "price", title: c.slots.clearing, number: true, cell: (slot) => (slot.clearing_price === null ? t.state.none : f.number(slot.clearing_price)) },
                      ]}
                    />
                  )}
                </Shown>
              </Card>
              <Feed />
            </div>
          </>
        )}
      </Shown>
    </div>
  );
}

