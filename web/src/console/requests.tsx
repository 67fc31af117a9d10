import { idOf, operator } from "../api/operator";
import { textOf } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { Link } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Button, Card } from "../ui/basic";
import { ErrorNotice, Shown } from "../ui/state";
import { say } from "../ui/toast";
import { useConsoleText } from "./i18n";

function Cash() {
  const { requests: r } = useConsoleText();
  const f = useFormat();
  const requests = useResource("op cash", (signal) => operator.cashRequests(signal), { live: true });
  const resolve = useAction(async (id: string, approved: boolean) => {
    await operator.resolveCash(id, approved);
    say(approved ? r.approved : r.refused);
    requests.reload();
  });
  return (
    <Card title={r.cash}>
      <p className="soft small">{r.cashHelp}</p>
      <Shown of={requests} empty={[(items) => items.length === 0, r.none]}>
        {(items) => (
          <ul className="list">
            {items.map((request) => (
              <li key={request.id}>
                <span className="grow">
                  <Link to={`/console/participants/${encodeURIComponent(request.participant)}`}>{idOf(request.participant)}</Link> {textOf(r.kinds, request.kind)}: <strong>{f.cash(request.cash, request.currency)}</strong>
                  <span className="soft small" style={{ display: "block" }}>
                    {r.made} {f.dateTime(request.made)}
                  </span>
                </span>
                <Button small look="primary" busy={resolve.busy} onClick={() => void resolve.run(request.id, true)}>
                  {r.approve}
                </Button>
                <Button small busy={resolve.busy} onClick={() => void resolve.run(request.id, false)}>
                  {r.refuse}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Shown>
      {resolve.error && <ErrorNotice error={resolve.error} />}
    </Card>
  );
}

function Disputes() {
  const { requests: r } = useConsoleText();
  const f = useFormat();
  const disputes = useResource("op disputes", (signal) => operator.disputes(signal), { live: true });
  const resolve = useAction(async (meter: string, seq: number, upheld: boolean) => {
    await operator.resolveDispute(meter, seq, upheld);
    say(r.resolved);
    disputes.reload();
  });
  return (
    <Card title={r.disputes}>
      <Shown of={disputes} empty={[(items) => items.length === 0, r.noDisputes]}>
        {(items) => (
          <ul className="list">
            {items.map((dispute) => (
              <li key={`${dispute.meter} ${dispute.seq}`}>
                <span className="grow">
                  {dispute.meter} · {f.number(dispute.seq)} · {dispute.reason} ({idOf(dispute.owner)})
                  <span className="soft small" style={{ display: "block" }}>
                    {f.dateTime(dispute.since)}
                  </span>
                </span>
                <Button small busy={resolve.busy} onClick={() => void resolve.run(dispute.meter, dispute.seq, true)}>
                  {r.uphold}
                </Button>
                <Button small busy={resolve.busy} onClick={() => void resolve.run(dispute.meter, dispute.seq, false)}>
                  {r.dismiss}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Shown>
      {resolve.error && <ErrorNotice error={resolve.error} />}
    </Card>
  );
}

export default function Requests() {
  const { nav } = useConsoleText();
  return (
    <div className="stack">
      <h1>{nav.requests}</h1>
      <div className="grid wide">
        <Cash />
        <Disputes />
      </div>
    </div>
  );
}
