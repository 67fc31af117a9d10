// One slot explained: why this price, these partners and so much.
import { household, shortName, type OrderGroup, type OwnOrder, type SlotTrade, type SlotWhy } from "../api/household";
import { textOf, useText } from "../i18n";
import { useResource } from "../lib/resource";
import { Link, useQuery } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Badge, Card, Tile, Tiles } from "../ui/basic";
import { Shown } from "../ui/state";

function Price({ why }: { why: SlotWhy }) {
  const t = useText();
  const f = useFormat();
  const [low, high] = [why.book?.lowest_price_coins_per_kwh ?? null, why.book?.highest_price_coins_per_kwh ?? null];
  return (
    <Card title={t.bill.slotPrice}>
      <p>
        {t.bill.byRule(textOf(t.trading.rules, why.rule))}{" "}
        {why.clearing_price_coins_per_kwh !== null && <strong>{f.price(why.clearing_price_coins_per_kwh)}</strong>}
      </p>
      {low !== null && high !== null && <p>{t.bill.interval(f.price(low), f.price(high))}</p>}
      {why.tariff_coins_per_kwh !== null && why.feed_in_coins_per_kwh !== null && (
        <p className="soft">{t.bill.utilityPrices(f.price(why.tariff_coins_per_kwh), f.price(why.feed_in_coins_per_kwh))}</p>
      )}
      {why.book && (
        <p>
          {t.bill.bookVolume(f.kwh(why.book.wanted_kwh, 3), String(why.book.buyers), f.kwh(why.book.offered_kwh, 3), String(why.book.sellers), f.kwh(why.book.matched_kwh, 3))}
        </p>
      )}
      {!why.book && <p className="soft">{t.bill.noBook}</p>}
    </Card>
  );
}

function Group({ label, group }: { label: string; group: OrderGroup }) {
  const t = useText();
  const f = useFormat();
  if (group.orders === 0) return null;
  return (
    <li>
      <span className="grow">{label}</span>
      <span>
        {t.bill.others(String(group.participants))}
        {group.energy_kwh !== null && group.matched_kwh !== null && (
          <span className="soft small" style={{ display: "block" }}>
            {t.bill.groupEnergy(f.kwh(group.matched_kwh, 3), f.kwh(group.energy_kwh, 3))}
          </span>
        )}
      </span>
    </li>
  );
}

function Own({ own }: { own: OwnOrder }) {
  const t = useText();
  const f = useFormat();
  const buys = own.side === "buy";
  return (
    <Card title={buys ? t.bill.yourBid : t.bill.yourOffer}>
      <p>
        {t.bill.ownOrder(f.kwh(own.energy_kwh, 3), f.price(own.limit_coins_per_kwh))} ({own.by === "order" ? t.bill.byOrder : t.bill.byCriteria}){" "}
        {t.bill.ownMatched(f.kwh(own.matched_kwh, 3))} {textOf(t.bill.outcomes, own.outcome)}
      </p>
      <ul className="list">
        <Group label={buys ? t.bill.dearerBids : t.bill.cheaperOffers} group={own.better} />
        <Group label={t.bill.sameLimit} group={own.equal} />
        <Group label={buys ? t.bill.cheaperBids : t.bill.dearerOffers} group={own.worse} />
      </ul>
    </Card>
  );
}

function TradeRow({ trade }: { trade: SlotTrade }) {
  const t = useText();
  const f = useFormat();
  const extras = [
    ...trade.fees.map((fee) => `${t.bill.lines.network_fee} ${fee.zone}: ${f.coins(fee.amount_coins, 4)}`),
    ...(trade.losses_coins !== 0 ? [`${t.bill.losses}: ${f.coins(trade.losses_coins, 4)} (${f.kwh(trade.losses_kwh, 3)})`] : []),
  ];
  return (
    <tr>
      <th scope="row">
        {trade.side === "buy" ? t.bill.boughtFrom : t.bill.soldTo} {shortName(trade.counterparty)}
        {extras.map((extra) => (
          <span key={extra} className="soft small" style={{ display: "block" }}>
            {extra}
          </span>
        ))}
      </th>
      <td className="number">{f.kwh(trade.energy_kwh, 3)}</td>
      <td className="number">
        {f.coins(trade.amount_coins, 4)}
        <span className="soft small" style={{ display: "block" }}>
          {f.price(trade.price_coins_per_kwh)}
        </span>
      </td>
      <td>{textOf(t.bill.whyReasons, trade.reason)}</td>
    </tr>
  );
}

function Trades({ why }: { why: SlotWhy }) {
  const t = useText();
  return (
    <Card title={t.bill.slotTrades}>
      <div className="table-box" tabIndex={0} role="region" aria-label={t.bill.slotTrades}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t.bill.partner}</th>
              <th scope="col" className="number">
                {t.bill.energy}
              </th>
              <th scope="col" className="number">
                {t.bill.amount}
              </th>
              <th scope="col">{t.bill.reason}</th>
            </tr>
          </thead>
          <tbody>
            {why.trades.map((trade, index) => (
              <TradeRow key={index} trade={trade} />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Story({ why }: { why: SlotWhy }) {
  const t = useText();
  const f = useFormat();
  return (
    <div className="stack">
      <Tiles>
        <Tile label={t.bill.slotCost} value={f.coins(why.cost_coins, 4)} />
        <Tile label={t.bill.without} value={f.coins(why.cost_without_market_coins, 4)} />
        <Tile label={t.bill.savings} value={f.coins(why.savings_coins, 4)} />
        <Tile label={t.bill.metered} value={f.kwh(why.imported_kwh - why.exported_kwh, 3)} hint={t.bill.meteredHint} />
      </Tiles>
      <Price why={why} />
      {why.book?.own_orders.map((own, index) => <Own key={index} own={own} />)}
      {why.book && why.book.own_orders.length === 0 && why.imported_kwh + why.exported_kwh > 0 && <p>{t.bill.noOwnOrder}</p>}
      {why.trades.length > 0 && <Trades why={why} />}
    </div>
  );
}

export default function SlotWhyScreen() {
  const t = useText();
  const f = useFormat();
  const start = useQuery().get("start");
  const why = useResource(start && "slot why " + start, (signal) => household.slotWhy(start ?? "", signal));
  return (
    <div className="stack">
      <div className="page-head">
        <h1>{start ? t.bill.slotTitle(f.dateTime(start)) : t.bill.slot}</h1>
        <div className="row">
          {why.data && <Badge tone={why.data.state === "final" ? "good" : "warn"}>{textOf(t.bill.states, why.data.state)}</Badge>}
          <Link to="/bill">{t.bill.back}</Link>
        </div>
      </div>
      {start ? <Shown of={why} rows={4}>{(data) => <Story why={data} />}</Shown> : <p>{t.bill.noTradesOfLine}</p>}
    </div>
  );
}
