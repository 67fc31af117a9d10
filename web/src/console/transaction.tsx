import { keyHeaders, operator } from "../api/operator";
import { textOf, useText } from "../i18n";
import { useResource } from "../lib/resource";
import { Link } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Card, Notice } from "../ui/basic";
import { Shown } from "../ui/state";
import { VerifyBox } from "../verify/verify-box";
import { shortRefs, whatOf, whoOf } from "./describe";
import { useConsoleText } from "./i18n";
import { OutcomeBadge } from "./transactions";

/** The fields of a payload as lines; what is nested gets the name of its parent before it. */
export function fieldsOf(value: unknown, prefix = ""): [string, string][] {
  if (Array.isArray(value)) return value.length > 20 ? [[prefix, String(value.length)]] : value.flatMap((item, index) => fieldsOf(item, `${prefix}[${index}]`));
  if (value && typeof value === "object") return Object.entries(value).flatMap(([name, inner]) => fieldsOf(inner, prefix ? `${prefix}.${name}` : name));
  return value === null || value === "" ? [] : [[prefix, String(value)]];
}

export default function TransactionScreen({ id }: { id: string }) {
  const t = useText();
  const { transactions: x } = useConsoleText();
  const f = useFormat();
  const found = useResource("op transaction " + id, (signal) => operator.transaction(id, signal));
  return (
    <div className="stack">
      <p>
        <Link to="/console/transactions">‹ {x.back}</Link>
      </p>
      <h1>{x.detail}</h1>
      <Shown of={found} rows={4}>
        {({ transaction, receipt, block }) => (
          <>
            <Card title={textOf(x.names, transaction.type ?? "")} actions={<OutcomeBadge receipt={receipt} />}>
              <dl className="pairs">
                <dt>{x.time}</dt>
                <dd>{f.exact(block.time)}</dd>
                <dt>{x.who}</dt>
                <dd>{shortRefs(whoOf(transaction)) || t.state.none}</dd>
                <dt>{x.what}</dt>
                <dd>{whatOf(transaction, f) || t.state.none}</dd>
                {receipt.message && (
                  <>
                    <dt>{x.reason}</dt>
                    <dd>{receipt.message}</dd>
                  </>
                )}
                <dt>{x.block}</dt>
                <dd>
                  <Link to={`/console/blocks/${block.height}`}>{f.number(block.height)}</Link>
                </dd>
                <dt>{x.id}</dt>
                <dd className="mono">{transaction.id}</dd>
                <dt>{x.principal}</dt>
                <dd>{transaction.principal}</dd>
                {transaction.initiator && (
                  <>
                    <dt>{x.initiator}</dt>
                    <dd>{transaction.initiator}</dd>
                  </>
                )}
                <dt>{x.signer}</dt>
                <dd className="mono">{transaction.signer}</dd>
              </dl>
            </Card>
            <div className="grid wide">
              <Card title={x.payload}>
                <dl className="pairs">
                  {fieldsOf(transaction.payload).map(([name, value]) => (
                    <div key={name} className="contents">
                      <dt>{name}</dt>
                      <dd className={value.length > 40 ? "mono" : undefined}>{value}</dd>
                    </div>
                  ))}
                </dl>
              </Card>
              <Card title={x.proof}>
                <div className="stack">
                  {block.certificate ? (
                    <p>
                      {x.certificate}: {x.signatures(block.certificate.endorsements.length)} ({block.certificate.endorsements.map(({ peer, signer }) => peer ?? signer).join(", ")})
                    </p>
                  ) : (
                    <Notice>{x.noCertificate}</Notice>
                  )}
                  <VerifyBox id={transaction.id} headers={keyHeaders} />
                </div>
              </Card>
            </div>
          </>
        )}
      </Shown>
    </div>
  );
}
