import { useState } from "react";
import { idOf, operator, refOf } from "../api/operator";
import { textOf, useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { Link } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Button, Card, Notice, Tile, Tiles } from "../ui/basic";
import { ErrorNotice, Shown } from "../ui/state";
import { Table } from "../ui/table";
import { useConsoleText } from "./i18n";
import { nameOf, useParticipants } from "./participants";

const shownTrades = 40;
const tradesMs = 48 * 3_600_000;

function Invite({ participant }: { participant: string }) {
  const c = useConsoleText();
  const t = useText();
  const f = useFormat();
  const [made, setMade] = useState<{ code: string; expires: string } | null>(null);
  const invite = useAction(async () => setMade(await operator.invite(participant)));
  return (
    <div className="stack-small">
      <p className="soft small">{c.participants.inviteHelp}</p>
      <div>
        <Button busy={invite.busy} onClick={() => void invite.run()}>
          {c.participants.invite}
        </Button>
      </div>
      {invite.error && <ErrorNotice error={invite.error} />}
      {made && (
        <Notice tone="good" live>
          <strong className="mono">{c.participants.code(made.code)}</strong>
          <p className="small">{t.keys.codeUntil(f.dateTime(made.expires))}</p>
        </Notice>
      )}
    </div>
  );
}

export default function ParticipantScreen({ participant: ref }: { participant: string }) {
  const t = useText();
  const c = useConsoleText();
  const f = useFormat();
  const all = useParticipants();
  const parameters = useResource("op parameters", (signal) => operator.parameters(signal), { live: true });
  const now = parameters.data?.island_time;
  const from = typeof now === "string" ? new Date(Date.parse(now) - tradesMs).toISOString() : null;
  const trades = useResource(from ? "op trades of " + ref : null, (signal) => operator.trades({ participant: ref, from: from ?? undefined }, signal), { live: true });
  const row = all.data?.find(({ participant }) => refOf(participant) === ref);
  return (
    <div className="stack">
      <h1>{c.participants.status(idOf(ref))}</h1>
      <Shown of={all} rows={2} empty={[row === undefined, t.state.notFound]}>
        {() =>
          row && (
            <>
              <p className="soft">
                {textOf(c.participants.type, row.participant.type)}
                {nameOf(row) && ` · ${nameOf(row)}`}
                {row.names?.email && ` · ${row.names.email}`}
              </p>
              <Tiles>
                {row.energy !== null && <Tile label={c.participants.energy} value={f.kwh(row.energy, 3)} />}
                {row.coins !== null && <Tile label={c.participants.coins} value={f.coins(row.coins, 4)} />}
                {row.cash.map(({ currency, amount }) => (
                  <Tile key={currency} label={`${c.participants.cash} (${currency})`} value={f.cash(amount, currency)} />
                ))}
                <Tile label={c.participants.buyRate} value={f.number(row.participant.buy_rate)} />
                <Tile label={c.participants.sellRate} value={f.number(row.participant.sell_rate)} />
              </Tiles>
              {(row.participant.type === "Resident" || row.participant.type === "ElectricVehicle") && (
                <Card title={c.participants.invite}>
                  <Invite participant={ref} />
                </Card>
              )}
            </>
          )
        }
      </Shown>
      <Card title={c.participants.trades}>
        <Shown of={trades} empty={[(items) => items.length === 0, c.participants.noTrades]}>
          {(items) => (
            <Table
              label={c.participants.trades}
              rows={[...items].reverse().slice(0, shownTrades)}
              rowKey={(trade) => trade.id}
              columns={[
                { key: "slot", title: c.slots.start, cell: (trade) => <Link to={`/console/slots/${trade.slot}`}>{f.dateTime(trade.slot)}</Link> },
                { key: "seller", title: c.slots.seller, cell: (trade) => idOf(trade.seller) },
                { key: "buyer", title: c.slots.buyer, cell: (trade) => idOf(trade.buyer) },
                { key: "energy", title: c.slots.energy, number: true, cell: (trade) => f.number(trade.energy_kwh, 3) },
                { key: "price", title: c.slots.unitPrice, number: true, wide: true, cell: (trade) => f.number(trade.price) },
                { key: "amount", title: c.slots.amount, number: true, cell: (trade) => f.number(trade.amount, 4) },
              ]}
            />
          )}
        </Shown>
      </Card>
    </div>
  );
}
