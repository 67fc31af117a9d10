import { useState } from "react";
import { household, shortName, type Criteria, type Neighbour, type Traded } from "../api/household";
import { useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { Badge, Button, Card } from "../ui/basic";
import { Check } from "../ui/form";
import { ErrorNotice, Shown } from "../ui/state";
import { say } from "../ui/toast";

/** The cheapest first; who sells nothing last. */
export function byPrice(left: Neighbour, right: Neighbour): number {
  const price = (each: Neighbour) => each.sells_at_coins_per_kwh ?? Number.POSITIVE_INFINITY;
  const difference = price(left) - price(right);
  return Number.isNaN(difference) || difference === 0 ? left.id.localeCompare(right.id) : difference;
}

function Row({ neighbour, tariff, chosen, onChoose }: { neighbour: Neighbour; tariff: number | null; chosen: boolean | null; onChoose(chosen: boolean): void }) {
  const t = useText();
  const f = useFormat();
  const kind = { UtilityCompany: t.neighbourhood.utility, ElectricVehicle: t.neighbourhood.vehicle }[neighbour.type] ?? t.neighbourhood.resident;
  const price = neighbour.sells_at_coins_per_kwh;
  const name = neighbour.alias ?? shortName(neighbour.id);
  return (
    <li>
      {chosen === null ? (
        <span className="grow">
          {name}
          <span className="soft small" style={{ display: "block" }}>
            {kind}
          </span>
        </span>
      ) : (
        <span className="grow">
          <Check
            label={
              <>
                {name} <span className="soft small">{kind}</span>
              </>
            }
            checked={chosen}
            onChange={onChoose}
          />
        </span>
      )}
      <span className="number">
        {price === null ? (
          <span className="soft">{neighbour.open_to_trade ? t.neighbourhood.notSelling : t.neighbourhood.closed}</span>
        ) : (
          <Badge tone={tariff !== null && price < tariff ? "good" : "plain"}>{f.price(price)}</Badge>
        )}
      </span>
    </li>
  );
}

function Choice({ neighbours, criteria, reload }: { neighbours: Neighbour[]; criteria: Criteria; reload(): void }) {
  const t = useText();
  const f = useFormat();
  const [chosen, setChosen] = useState<string[] | null>(null);
  const partners = chosen ?? criteria.buy.partners;
  const save = useAction(async () => {
    const { sell, buy, automatic, battery_reserve_kwh, only_renewable, pay_more_for_green } = criteria;
    const answer = await household.setCriteria({ sell, buy: { ...buy, partners }, automatic, battery_reserve_kwh, only_renewable, pay_more_for_green });
    setChosen(null);
    reload();
    say(t.trading.savedFrom(f.time(answer.criteria.counts_from)));
  });
  const choose = (id: string, on: boolean) => setChosen(on ? [...partners, id] : partners.filter((other) => other !== id));
  return (
    <div className="stack-small">
      <p className="soft small">{t.neighbourhood.chooseHelp}</p>
      <ul className="list">
        {[...neighbours].sort(byPrice).map((neighbour) => (
          <Row
            key={neighbour.id}
            neighbour={neighbour}
            tariff={criteria.effect.tariff_coins_per_kwh}
            chosen={neighbour.type === "UtilityCompany" ? null : partners.includes(neighbour.id)}
            onChoose={(on) => choose(neighbour.id, on)}
          />
        ))}
      </ul>
      {save.error && <ErrorNotice error={save.error} />}
      {chosen && (
        <div className="row end save-bar">
          <Button onClick={() => setChosen(null)}>{t.state.cancel}</Button>
          <Button look="primary" busy={save.busy} onClick={() => void save.run()}>
            {t.neighbourhood.saveChoice}
          </Button>
        </div>
      )}
    </div>
  );
}

function Week({ title, trades }: { title: string; trades: Traded[] }) {
  const f = useFormat();
  if (trades.length === 0) return null;
  return (
    <div className="stack-small">
      <h3>{title}</h3>
      <ul className="list">
        {trades.map((trade) => (
          <li key={trade.counterparty}>
            <span>{shortName(trade.counterparty)}</span>
            <span className="number">
              {f.kwh(trade.energy_kwh)} · {f.coins(trade.amount_coins)}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

export default function Neighbourhood() {
  const t = useText();
  const neighbours = useResource("neighbours", (signal) => household.neighbours(signal), { live: true, kept: true });
  const criteria = useResource("criteria", (signal) => household.criteria(signal), { live: true, kept: true });
  const week = useResource("history week now", (signal) => household.history("week", undefined, signal), { kept: true });
  return (
    <div className="stack">
      <h1>{t.neighbourhood.title}</h1>
      <p className="soft">{t.neighbourhood.lead}</p>
      <div className="grid wide">
        <Card title={t.neighbourhood.choose}>
          <Shown of={neighbours} rows={3} empty={[(items) => items.length === 0, t.neighbourhood.empty]}>
            {(items) => (
              <Shown of={criteria}>{(rules) => <Choice neighbours={items} criteria={rules} reload={criteria.reload} />}</Shown>
            )}
          </Shown>
        </Card>
        <Card title={t.neighbourhood.week}>
          <Shown of={week} empty={[(data) => data.total.bought.length + data.total.sold.length === 0, t.history.noCounterparties]}>
            {(data) => (
              <div className="stack">
                <Week title={t.history.bought} trades={data.total.bought} />
                <Week title={t.history.sold} trades={data.total.sold} />
              </div>
            )}
          </Shown>
        </Card>
      </div>
    </div>
  );
}
