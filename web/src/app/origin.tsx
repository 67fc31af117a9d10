// Where the household's energy came from this week, by its certificates of origin.
import { household, type Origin } from "../api/household";
import { textOf, useText } from "../i18n";
import { useResource } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { Card, Tile, Tiles } from "../ui/basic";
import { Shown } from "../ui/state";
import { Table } from "../ui/table";

/** Consumed energy with a certificate: who it came from, and what it was made of. */
export function partsOf(origin: Origin): { from: "own" | "neighbours" | "supplier"; source: string; energy: number }[] {
  return origin.sources
    .flatMap((each) => [
      { from: "own" as const, source: each.source, energy: each.own_kwh },
      { from: "neighbours" as const, source: each.source, energy: each.bought_kwh },
      { from: "supplier" as const, source: each.source, energy: each.supplied_kwh },
    ])
    .filter((part) => part.energy > 0);
}

function OriginView({ origin }: { origin: Origin }) {
  const t = useText();
  const f = useFormat();
  const parts = partsOf(origin);
  return (
    <div className="stack-small">
      <Tiles>
        <Tile label={t.home.renewable} value={origin.renewable_share === null ? t.state.none : f.percent(origin.renewable_share)} />
        <Tile label={t.origin.certified} value={f.kwh(origin.renewable_kwh)} hint={t.origin.of(f.kwh(origin.consumption_kwh))} />
        {origin.rewards.includes("solarcoin") && <Tile label={t.origin.solarcoin} value={f.number(origin.solarcoin)} hint={t.origin.carry(f.kwh(origin.solarcoin_carry_kwh))} />}
        {origin.rewards.includes("nrgcoin") && <Tile label={t.origin.nrgcoin} value={f.number(origin.nrgcoin, 2)} />}
      </Tiles>
      {parts.length > 0 && (
        <Table
          label={t.origin.title}
          rows={parts}
          rowKey={(part) => `${part.from} ${part.source}`}
          columns={[
            { key: "from", title: t.origin.from, cell: (part) => t.origin.places[part.from] },
            { key: "source", title: t.origin.source, cell: (part) => textOf(t.origin.sources, part.source) },
            { key: "energy", title: t.origin.energy, number: true, cell: (part) => f.kwh(part.energy) },
          ]}
        />
      )}
      <p className="soft small">{t.origin.help}</p>
    </div>
  );
}

/** Nothing where the neighbourhood has no certificates. */
export function OriginCard() {
  const t = useText();
  const f = useFormat();
  const origin = useResource("origin week", (signal) => household.origin("week", signal), { live: true, kept: true });
  if (!origin.data?.on) return null;
  return (
    <Card title={t.origin.title} actions={<span className="soft">{t.origin.week(f.date(origin.data.from))}</span>}>
      <Shown of={origin}>{(data) => <OriginView origin={data} />}</Shown>
    </Card>
  );
}
