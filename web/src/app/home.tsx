import { household, shortName, type History, type Trade } from "../api/household";
import { useText } from "../i18n";
import { useResource, type Resource } from "../lib/resource";
import { Link } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Badge, Card, Tile, Tiles } from "../ui/basic";
import { Shown } from "../ui/state";
import { FlowPicture } from "./flow";
import { OriginCard } from "./origin";

const shownTrades = 6;

function SlotCard() {
  const t = useText();
  const f = useFormat();
  const slot = useResource("slot", (signal) => household.slot(signal), { live: true, kept: true });
  return (
    <Card title={t.home.slot} actions={slot.data && <span className="soft">{`${f.time(slot.data.start)} – ${f.time(slot.data.end)}`}</span>}>
      <Shown of={slot}>
        {(now) => (
          <div className="stack-small">
            <Tiles>
              <Tile label={t.home.indicative} value={now.indicative_price_coins_per_kwh === null ? t.home.noPrice : f.price(now.indicative_price_coins_per_kwh)} />
              <Tile label={t.home.tariff} value={now.tariff_coins_per_kwh === null ? t.state.none : f.price(now.tariff_coins_per_kwh)} />
              <Tile label={t.home.feedIn} value={now.feed_in_coins_per_kwh === null ? t.state.none : f.price(now.feed_in_coins_per_kwh)} />
            </Tiles>
            <SettledLine until={now.settled_until} missing={now.state === "open" ? 0 : now.missing_meters} />
          </div>
        )}
      </Shown>
    </Card>
  );
}

export function SettledLine({ until, missing }: { until: string; missing: number }) {
  const t = useText();
  const f = useFormat();
  return (
    <p className="soft small">
      {t.state.settledUntil(f.dateTime(until))}
      {missing > 0 && <> · {t.state.missing(missing)}</>}
    </p>
  );
}

export function TradeList({ trades }: { trades: Trade[] }) {
  const t = useText();
  const f = useFormat();
  return (
    <ul className="list">
      {trades.map((trade) => (
        <li key={trade.id}>
          <span className="grow">
            {trade.side === "buy" ? t.home.bought(shortName(trade.counterparty)) : t.home.sold(shortName(trade.counterparty))}
            <span className="soft small" style={{ display: "block" }}>
              {f.time(trade.slot)} · {f.kwh(trade.energy_kwh, 3)} · {f.price(trade.price_coins_per_kwh)}
            </span>
          </span>
          <span className="number">
            {trade.side === "buy" ? "−" : "+"}
            {f.coins(trade.amount_coins, 3)}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Trades of the day that `day` is about. */
function useTrades(day: History | null) {
  const from = day?.from;
  return useResource(from ? "trades " + from : null, (signal) => household.trades(from ?? "", day?.to, signal), { live: true, kept: true });
}

function TradesCard({ trades }: { trades: Resource<Trade[]> }) {
  const t = useText();
  const newest = [...(trades.data ?? [])].reverse();
  const local = newest.filter((trade) => trade.venue !== "utility");
  return (
    <Card title={t.home.trades} actions={<Link to="/history">{t.home.allTrades}</Link>}>
      <Shown of={trades} empty={[newest.length === 0, t.home.noTrades]}>
        {() => <TradeList trades={(local.length > 0 ? local : newest).slice(0, shownTrades)} />}
      </Shown>
    </Card>
  );
}

export function HomeScreen() {
  const t = useText();
  const f = useFormat();
  const flow = useResource("flow", (signal) => household.flow(signal), { live: true, kept: true });
  const day = useResource("history day now", (signal) => household.history("day", undefined, signal), { live: true, kept: true });
  const wallet = useResource("wallet", (signal) => household.wallet(signal), { live: true, kept: true });
  const trades = useTrades(day.data);
  const advantage = trades.data?.reduce((sum, trade) => sum + (trade.why.advantage_coins ?? 0), 0);
  return (
    <div className="stack">
      <h1 className="hidden">{t.home.title}</h1>
      <div className="home-grid">
        <Card title={t.flow.title} actions={wallet.data && <Badge tone="good">{f.coins(wallet.data.coins)}</Badge>}>
          <Shown of={flow} rows={3}>
            {(data) => <FlowPicture flow={data} />}
          </Shown>
        </Card>
        <div className="stack">
          <Card title={t.home.today} actions={day.data && <span className="soft">{f.date(day.data.from)}</span>}>
            <Shown of={day}>
              {({ total }) => (
                <Tiles pairs>
                  <Tile label={t.home.consumption} value={f.kwh(total.consumption_kwh)} />
                  <Tile label={t.home.production} value={f.kwh(total.production_kwh)} />
                  <Tile label={t.home.renewable} value={total.renewable_share === null ? t.state.none : f.percent(total.renewable_share)} />
                  <Tile label={t.home.saved} value={advantage === undefined ? t.state.none : f.coins(advantage)} hint={t.home.savedHelp} />
                </Tiles>
              )}
            </Shown>
          </Card>
          <OriginCard />
          <SlotCard />
          <TradesCard trades={trades} />
        </div>
      </div>
    </div>
  );
}
