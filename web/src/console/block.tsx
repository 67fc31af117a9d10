import { operator } from "../api/operator";
import { textOf, useText } from "../i18n";
import { useResource } from "../lib/resource";
import { Link, navigate } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Card, Notice } from "../ui/basic";
import { Shown } from "../ui/state";
import { Table } from "../ui/table";
import { shortRefs, whatOf, whoOf } from "./describe";
import { useConsoleText } from "./i18n";
import { OutcomeBadge } from "./transactions";

export default function BlockScreen({ height }: { height: number }) {
  const t = useText();
  const { blocks: b, transactions: x } = useConsoleText();
  const f = useFormat();
  const block = useResource("op block " + height, (signal) => operator.block(height, signal));
  return (
    <div className="stack">
      <p>
        <Link to="/console/blocks">‹ {b.back}</Link>
      </p>
      <h1>{b.detail(f.number(height))}</h1>
      <Shown of={block} rows={3}>
        {({ header, hash, certificate, transactions, receipts }) => (
          <>
            <Card>
              <dl className="pairs">
                <dt>{b.time}</dt>
                <dd>{f.exact(header.time)}</dd>
                <dt>{b.hash}</dt>
                <dd className="mono">{hash}</dd>
                <dt>{b.previous}</dt>
                <dd className="mono">{height > 1 ? <Link to={`/console/blocks/${height - 1}`}>{header.previous}</Link> : header.previous}</dd>
                <dt>{b.stateRoot}</dt>
                <dd className="mono">{header.state_root}</dd>
                <dt>{b.transactionsRoot}</dt>
                <dd className="mono">{header.transactions_root}</dd>
                <dt>{b.receiptsRoot}</dt>
                <dd className="mono">{header.receipts_root}</dd>
                <dt>{b.epoch}</dt>
                <dd>{f.number(header.epoch)}</dd>
                <dt>{b.sequence}</dt>
                <dd>{f.number(header.sequence)}</dd>
                <dt>{b.signedBy}</dt>
                <dd>{certificate ? certificate.endorsements.map(({ peer, signer }) => peer ?? signer).join(", ") : <Notice>{x.noCertificate}</Notice>}</dd>
              </dl>
            </Card>
            <Card title={b.transactions}>
              <Table
                label={b.transactions}
                rows={transactions.map((transaction, index) => ({ transaction, receipt: receipts[index] ?? null }))}
                rowKey={({ transaction }) => transaction.id}
                onRow={({ transaction }) => navigate(`/console/transactions/${transaction.id}`)}
                columns={[
                  { key: "type", title: x.type, cell: ({ transaction }) => <Link to={`/console/transactions/${transaction.id}`}>{textOf(x.names, transaction.type ?? "")}</Link> },
                  { key: "who", title: x.who, cell: ({ transaction }) => shortRefs(whoOf(transaction)) || t.state.none },
                  { key: "what", title: x.what, cell: ({ transaction }) => whatOf(transaction, f) || t.state.none },
                  { key: "outcome", title: x.outcome, cell: ({ receipt }) => <OutcomeBadge receipt={receipt} /> },
                ]}
              />
            </Card>
          </>
        )}
      </Shown>
    </div>
  );
}
