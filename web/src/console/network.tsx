// The grid in force, and how well the neighbourhood does with it.
import { operator, type HomeKpis, type Kpis, type Network, type NetworkFee, type NetworkZone } from "../api/operator";
import { useResource } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { Card, Tile, Tiles } from "../ui/basic";
import { Shown } from "../ui/state";
import { Table } from "../ui/table";
import { useText } from "../i18n";
import { useConsoleText } from "./i18n";

/** Reached of possible, as a share; null where nothing was possible. */
export function welfareShare(kpis: Pick<Kpis, "welfare_coins" | "welfare_possible_coins">): number | null {
  const possible = Number(kpis.welfare_possible_coins);
  return possible > 0 ? Number(kpis.welfare_coins) / possible : null;
}

function useShare() {
  const t = useText();
  const f = useFormat();
  return (value: string | null) => (value === null ? t.state.none : f.percent(Number(value)));
}

function Figures({ kpis }: { kpis: Kpis }) {
  const t = useText();
  const c = useConsoleText();
  const f = useFormat();
  const share = useShare();
  const welfare = welfareShare(kpis);
  return (
    <Tiles>
      <Tile label={c.network.selfSufficiency} value={share(kpis.self_sufficiency)} />
      <Tile label={c.network.selfConsumption} value={share(kpis.self_consumption)} />
      <Tile label={c.network.peak} value={f.watts(Number(kpis.peak_kw) * 1000)} hint={kpis.peak_slot ? f.dateTime(kpis.peak_slot) : undefined} />
      <Tile label={c.network.traded} value={f.kwh(kpis.traded_kwh)} />
      <Tile label={c.network.savings} value={f.coins(kpis.savings_coins)} />
      <Tile label={c.network.co2} value={`${f.number(kpis.co2_kg, 1)} kg`} hint={c.network.co2Avoided(f.number(kpis.co2_avoided_kg, 1))} />
      <Tile label={c.network.welfare} value={welfare === null ? t.state.none : f.percent(welfare)} hint={c.network.welfareHint(f.coins(kpis.welfare_coins), f.coins(kpis.welfare_possible_coins))} />
    </Tiles>
  );
}

function Homes({ homes }: { homes: HomeKpis[] }) {
  const c = useConsoleText();
  const f = useFormat();
  const share = useShare();
  return (
    <Table
      label={c.network.homes}
      rows={homes}
      rowKey={(home) => home.participant}
      columns={[
        { key: "home", title: c.network.home, cell: (home) => home.participant },
        { key: "consumption", title: c.network.consumption, number: true, cell: (home) => f.kwh(home.consumption_kwh) },
        { key: "production", title: c.network.production, number: true, cell: (home) => f.kwh(home.production_kwh) },
        { key: "sufficiency", title: c.network.selfSufficiency, number: true, cell: (home) => share(home.self_sufficiency) },
        { key: "self", title: c.network.selfConsumption, number: true, cell: (home) => share(home.self_consumption) },
        { key: "peak", title: c.network.homePeak, number: true, cell: (home) => f.watts(Number(home.peak_kw) * 1000) },
        { key: "savings", title: c.network.savings, number: true, cell: (home) => f.coins(home.savings_coins) },
      ]}
    />
  );
}

function Fees({ fees }: { fees: NetworkFee[] }) {
  const t = useText();
  const c = useConsoleText();
  const f = useFormat();
  if (fees.length === 0) return <>{t.state.none}</>;
  return (
    <>
      {fees.map((fee, index) => (
        <span key={index} style={{ display: "block" }}>
          {[Number(fee.per_kwh) !== 0 && f.price(fee.per_kwh), fee.tariff_ppm !== 0 && c.network.ofTariff(f.percent(fee.tariff_ppm / 1_000_000, 1))].filter(Boolean).join(" + ") || f.price(0)}
          {fee.windows.map((window) => (
            <span key={window.weekdays.join() + window.from} className="soft small" style={{ display: "block" }}>
              {window.weekdays.map((day) => t.trading.weekdays[day]).join(" ")} {window.from}–{window.to}
            </span>
          ))}
        </span>
      ))}
    </>
  );
}

function Levels({ network }: { network: Network }) {
  const t = useText();
  const c = useConsoleText();
  const f = useFormat();
  const limit = (kwh: string | null) => (kwh === null ? t.state.none : f.kwh(kwh));
  const homes = (zone: NetworkZone) => network.members.filter((member) => member.zone === zone.id).map((member) => member.participant.replace("Resident:", ""));
  return (
    <Table
      label={c.network.levels}
      rows={network.zones}
      rowKey={(zone) => zone.id}
      columns={[
        { key: "level", title: c.network.level, cell: (zone) => (zone.parent ? `${zone.id} (${c.network.below(zone.parent)})` : zone.id) },
        { key: "fees", title: c.network.fees, cell: (zone) => <Fees fees={zone.fees} /> },
        { key: "loss", title: c.network.loss, number: true, cell: (zone) => f.percent(Number(zone.loss_kwh_per_kwh), 2) },
        { key: "export", title: c.network.maxExport, number: true, cell: (zone) => limit(zone.max_export_kwh) },
        { key: "import", title: c.network.maxImport, number: true, cell: (zone) => limit(zone.max_import_kwh) },
        { key: "homes", title: c.network.members, cell: (zone) => homes(zone).join(", ") || t.state.none },
      ]}
    />
  );
}

export default function NetworkScreen() {
  const c = useConsoleText();
  const f = useFormat();
  const network = useResource("op network", (signal) => operator.network(signal), { live: true });
  const kpis = useResource("op kpis", (signal) => operator.kpis(signal), { live: true });
  return (
    <div className="stack">
      <h1>{c.nav.network}</h1>
      <Card title={c.network.figures}>
        <Shown of={kpis} rows={3} empty={[(data) => data.settled_slots === 0, c.network.nothing]}>
          {(data) => (
            <div className="stack">
              <p className="soft small">{c.network.period(f.date(data.from), f.date(data.to))}</p>
              <Figures kpis={data} />
              <Homes homes={data.homes} />
            </div>
          )}
        </Shown>
      </Card>
      <Card title={c.network.levels}>
        <Shown of={network} rows={3} empty={[(data) => data.zones.length === 0, c.network.none]}>
          {(data) => (
            <div className="stack">
              <Levels network={data} />
              <p className="soft small">{c.network.version(String(data.version), String(data.losses.length))}</p>
            </div>
          )}
        </Shown>
      </Card>
    </div>
  );
}
