import { useMemo, useState } from "react";
import { household, shortName, type EnergySums, type History, type PeriodName, type Traded } from "../api/household";
import { useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { navigate, useQuery } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Button, Card, Notice, Segmented, Tile, Tiles } from "../ui/basic";
import { Chart } from "../ui/chart";
import { ErrorNotice, Shown } from "../ui/state";
import { SettledLine } from "./home";

const sum = (trades: Traded[]) => trades.reduce((total, trade) => total + trade.energy_kwh, 0);

/** The same day, week, month or year, so many earlier or later; dates are local, without hours. */
export function shifted(period: PeriodName, date: string, by: number): string {
  const [year = 1970, month = 1, day = 1] = date.split("-").map(Number);
  const moved = new Date(Date.UTC(year, month - 1, day));
  if (period === "day") moved.setUTCDate(day + by);
  if (period === "week") moved.setUTCDate(day + 7 * by);
  if (period === "month") moved.setUTCMonth(month - 1 + by, 1);
  if (period === "year") moved.setUTCFullYear(year + by, 0, 1);
  return moved.toISOString().slice(0, 10);
}

function Charts({ data }: { data: History }) {
  const t = useText();
  const f = useFormat();
  const { times, energy, trade } = useMemo(() => {
    const pick = (value: (sums: EnergySums) => number) => data.buckets.map((bucket) => (bucket.slots === 0 ? null : value(bucket)));
    return {
      times: data.buckets.map((bucket) => bucket.start),
      energy: [
        { label: t.history.consumption, color: "--car", values: pick((sums) => sums.consumption_kwh) },
        { label: t.history.production, color: "--sun-fill", values: pick((sums) => sums.production_kwh) },
      ],
      trade: [
        { label: t.history.bought, color: "--neighbours", values: pick((sums) => sum(sums.bought)) },
        { label: t.history.fromGrid, color: "--grid", values: pick((sums) => sums.from_utility_kwh) },
        { label: t.history.sold, color: "--battery", values: pick((sums) => sum(sums.sold)), negative: true },
      ],
    };
  }, [data, t]);
  const label = useMemo(() => {
    if (data.period === "day") return f.time;
    if (data.period === "year") return (iso: string) => new Intl.DateTimeFormat(f.locale, { month: "short", timeZone: f.zone }).format(new Date(iso));
    return data.period === "week" ? (iso: string) => `${f.weekday(iso)} ${f.time(iso)}` : (iso: string) => new Intl.DateTimeFormat(f.locale, { day: "numeric", timeZone: f.zone }).format(new Date(iso));
  }, [data.period, f]);
  const kind = data.period === "day" ? "steps" : "bars";
  const value = useMemo(() => (kwh: number) => f.number(Math.abs(kwh), Math.abs(kwh) >= 10 ? 1 : 2), [f]);
  return (
    <div className="grid wide">
      <Card>
        <Chart title={t.history.energyChart} times={times} timeLabel={label} timeTitle={t.history.time} series={energy} kind={kind} format={value} />
      </Card>
      <Card>
        <Chart title={t.history.tradeChart} times={times} timeLabel={label} timeTitle={t.history.time} series={trade} kind={kind} format={value} />
      </Card>
    </div>
  );
}

function Counterparties({ title, trades }: { title: string; trades: Traded[] }) {
  const t = useText();
  const f = useFormat();
  const most = Math.max(...trades.map((trade) => trade.energy_kwh), 0.000001);
  if (trades.length === 0) return null;
  return (
    <div className="stack-small">
      <h3>{title}</h3>
      <ul className="list">
        {[...trades]
          .sort((left, right) => right.energy_kwh - left.energy_kwh)
          .map((trade) => (
            <li key={trade.counterparty}>
              <span className="grow">
                {shortName(trade.counterparty)}
                <span className="bar" aria-hidden="true" style={{ display: "block" }}>
                  <i style={{ width: `${(100 * trade.energy_kwh) / most}%` }} />
                </span>
              </span>
              <span className="number">
                {f.kwh(trade.energy_kwh)}
                <span className="soft small" style={{ display: "block" }}>
                  {f.coins(trade.amount_coins)}
                </span>
              </span>
            </li>
          ))}
      </ul>
      <span className="hidden">{t.history.withWhom}</span>
    </div>
  );
}

function CsvButton({ period, date }: { period: PeriodName; date: string | undefined }) {
  const t = useText();
  const action = useAction(async () => {
    const url = URL.createObjectURL(await household.historyCsv(period, date));
    const link = document.createElement("a");
    link.href = url;
    link.download = `power-share-${period}-${date ?? "now"}.csv`;
    link.click();
    URL.revokeObjectURL(url);
  });
  return (
    <>
      <Button onClick={() => void action.run()} busy={action.busy}>
        {t.history.csv}
      </Button>
      {action.error && <ErrorNotice error={action.error} />}
    </>
  );
}

export default function HistoryScreen() {
  const t = useText();
  const f = useFormat();
  const query = useQuery();
  const given = query.get("period") as PeriodName | null;
  const period: PeriodName = given && ["day", "week", "month", "year"].includes(given) ? given : "day";
  const date = query.get("date") ?? undefined;
  const go = (next: PeriodName, day: string | undefined) => navigate(`/history?period=${next}${day ? `&date=${day}` : ""}`, true);
  const [today] = useState(() => f.localDate(new Date().toISOString()));
  const history = useResource(`history ${period} ${date ?? "now"}`, (signal) => household.history(period, date, signal), { live: true, kept: true });
  const shownDate = date ?? history.data?.date ?? today;
  const title = !history.data ? "" : period === "month" ? f.month(history.data.from) : period === "year" ? history.data.date.slice(0, 4) : period === "day" ? f.date(history.data.from) : `${f.date(history.data.from)} – ${f.date(new Date(Date.parse(history.data.to) - 1).toISOString())}`;
  return (
    <div className="stack">
      <div className="page-head">
        <h1>{t.history.title}</h1>
        <Segmented
          label={t.history.period}
          value={period}
          options={[
            ["day", t.history.day],
            ["week", t.history.week],
            ["month", t.history.month],
            ["year", t.history.year],
          ]}
          onChange={(next) => go(next, date)}
        />
      </div>
      <div className="row between">
        <div className="row">
          <Button small aria-label={t.history.previous} onClick={() => go(period, shifted(period, shownDate, -1))}>
            ‹
          </Button>
          <strong aria-live="polite">{title}</strong>
          <Button small aria-label={t.history.next} onClick={() => go(period, shifted(period, shownDate, 1))}>
            ›
          </Button>
          {date && (
            <Button small look="quiet" onClick={() => go(period, undefined)}>
              {t.history.now}
            </Button>
          )}
        </div>
        <CsvButton period={period} date={date} />
      </div>
      <Shown of={history} rows={3} empty={[(data) => data.total.slots === 0, t.history.empty]}>
        {(data) => (
          <>
            <Tiles>
              <Tile label={t.history.consumption} value={f.kwh(data.total.consumption_kwh)} />
              <Tile label={t.history.production} value={f.kwh(data.total.production_kwh)} />
              <Tile label={t.history.own} value={f.kwh(data.total.own_used_kwh)} />
              <Tile label={t.history.bought} value={f.kwh(sum(data.total.bought))} />
              <Tile label={t.history.sold} value={f.kwh(sum(data.total.sold))} />
              <Tile label={t.history.fromGrid} value={f.kwh(data.total.from_utility_kwh)} />
              <Tile label={t.history.toGrid} value={f.kwh(data.total.to_utility_kwh)} />
              <Tile label={t.history.cost} value={f.coins(data.total.cost_coins)} />
              <Tile label={t.history.earnings} value={f.coins(data.total.earnings_coins)} />
            </Tiles>
            <Charts data={data} />
            <Card title={t.history.counterparties}>
              {data.total.bought.length + data.total.sold.length === 0 ? (
                <p className="soft">{t.history.noCounterparties}</p>
              ) : (
                <div className="grid">
                  <Counterparties title={t.history.bought} trades={data.total.bought} />
                  <Counterparties title={t.history.sold} trades={data.total.sold} />
                </div>
              )}
            </Card>
            {data.missing.length > 0 && <Notice tone="warn">{t.history.incomplete}</Notice>}
            <SettledLine until={data.settled_until} missing={data.missing.length} />
          </>
        )}
      </Shown>
    </div>
  );
}
