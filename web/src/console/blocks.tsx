import { useState } from "react";
import { operator } from "../api/operator";
import { useResource } from "../lib/resource";
import { Link, navigate } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Badge, Button, Card } from "../ui/basic";
import { Shown } from "../ui/state";
import { Table } from "../ui/table";
import { useConsoleText } from "./i18n";

const perPage = 25;

export default function Blocks() {
  const { blocks: b, nav } = useConsoleText();
  const f = useFormat();
  const [before, setBefore] = useState<number | null>(null); // null: the newest
  const blocks = useResource("op blocks " + (before ?? "newest"), (signal) => operator.blocks(before === null ? undefined : Math.max(1, before - perPage), perPage, signal), { live: before === null });
  const lowest = blocks.data?.items[0]?.height ?? 1;
  return (
    <div className="stack">
      <h1>{nav.blocks}</h1>
      <Card>
        <Shown of={blocks} rows={4} empty={[(page) => page.items.length === 0, b.empty]}>
          {(page) => (
            <div className="stack-small">
              <Table
                label={nav.blocks}
                rows={[...page.items].reverse()}
                rowKey={(block) => String(block.height)}
                onRow={(block) => navigate(`/console/blocks/${block.height}`)}
                columns={[
                  { key: "height", title: b.height, number: true, cell: (block) => <Link to={`/console/blocks/${block.height}`}>{f.number(block.height)}</Link> },
                  { key: "time", title: b.time, cell: (block) => f.exact(block.header.time) },
                  { key: "transactions", title: b.transactions, number: true, cell: (block) => f.number(block.transactions.length) },
                  { key: "certificate", title: b.certificate, cell: (block) => (block.certificate ? <Badge tone="good">{b.certified(f.number(block.certificate.endorsements.length))}</Badge> : <Badge>{b.pending}</Badge>) },
                  { key: "hash", title: b.hash, wide: true, cell: (block) => <span className="mono">{block.hash.slice(0, 24)}…</span> },
                ]}
              />
              <div className="row">
                <Button disabled={before === null} onClick={() => setBefore(null)}>
                  {b.newer}
                </Button>
                <Button disabled={lowest <= 1} onClick={() => setBefore(lowest)}>
                  {b.older}
                </Button>
              </div>
            </div>
          )}
        </Shown>
      </Card>
    </div>
  );
}
