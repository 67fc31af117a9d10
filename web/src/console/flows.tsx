import { useMemo, useState } from "react";
import { sankey, sankeyLinkHorizontal, type SankeyGraph } from "d3-sankey";
import { idOf, operator, type Trade } from "../api/operator";
import { useText } from "../i18n";
import { useResource } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { Card, Notice, Segmented } from "../ui/basic";
import { Check } from "../ui/form";
import { Shown } from "../ui/state";
import { Table } from "../ui/table";
import { useConsoleText } from "./i18n";

interface Flow {
  seller: string;
  buyer: string;
  energy: number;
  amount: number;
}
interface Node {
  name: string;
  selling: boolean;
}

const hourMs = 3_600_000;
const periods = { hour: hourMs, day: 24 * hourMs, week: 7 * 24 * hourMs } as const;
type Period = keyof typeof periods;
const mostTrades = 20_000;

export function sumFlows(trades: Trade[]): Flow[] {
  const flows = new Map<string, Flow>();
  for (const trade of trades) {
    const key = `${trade.seller} ${trade.buyer}`;
    const flow = flows.get(key) ?? { seller: trade.seller, buyer: trade.buyer, energy: 0, amount: 0 };
    flow.energy += Number(trade.energy_kwh);
    flow.amount += Number(trade.amount);
    flows.set(key, flow);
  }
  return [...flows.values()].filter(({ energy }) => energy > 0).sort((left, right) => right.energy - left.energy);
}

const width = 900;

function layOut(flows: Flow[]): SankeyGraph<Node, { flow: Flow }> {
  const sellers = [...new Set(flows.map(({ seller }) => seller))];
  const buyers = [...new Set(flows.map(({ buyer }) => buyer))];
  const nodes: Node[] = [...sellers.map((name) => ({ name, selling: true })), ...buyers.map((name) => ({ name, selling: false }))];
  const links = flows.map((flow) => ({ source: sellers.indexOf(flow.seller), target: sellers.length + buyers.indexOf(flow.buyer), value: flow.energy, flow }));
  const height = Math.max(180, 30 * Math.max(sellers.length, buyers.length));
  return sankey<Node, { flow: Flow }>()
    .nodeWidth(14)
    .nodePadding(17)
    .extent([
      [210, 8],
      [width - 210, height - 8],
    ])({ nodes: nodes.map((node) => ({ ...node })), links });
}

function Picture({ flows }: { flows: Flow[] }) {
  const c = useConsoleText();
  const f = useFormat();
  const graph = useMemo(() => layOut(flows), [flows]);
  const path = sankeyLinkHorizontal<Node, { flow: Flow }>();
  const height = Math.max(...graph.nodes.map((node) => node.y1 ?? 0)) + 10;
  const palette = ["--neighbours", "--car", "--battery", "--sun", "--grid", "--accent"];
  const colorOf = (index: number | undefined) => `var(${palette[(index ?? 0) % palette.length]})`;
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label={c.nav.flows}>
      <svg viewBox={`0 0 ${width} ${height}`} className="sankey" role="img" aria-label={c.flows.lead}>
        {graph.links.map((link) => (
          <path key={link.flow.seller + link.flow.buyer} d={path(link) ?? ""} fill="none" stroke={colorOf((link.source as { index?: number }).index)} strokeWidth={Math.max(1, link.width ?? 1)} opacity="0.4">
            <title>{`${idOf(link.flow.seller)} → ${idOf(link.flow.buyer)}: ${f.kwh(link.flow.energy, 3)}`}</title>
          </path>
        ))}
        {graph.nodes.map((node) => (
          <g key={node.name + String(node.selling)}>
            <rect x={node.x0} y={node.y0} width={(node.x1 ?? 0) - (node.x0 ?? 0)} height={Math.max(2, (node.y1 ?? 0) - (node.y0 ?? 0))} fill={node.selling ? colorOf(node.index) : "var(--line-strong)"} rx="3" />
            <text x={node.selling ? (node.x0 ?? 0) - 8 : (node.x1 ?? 0) + 8} y={((node.y0 ?? 0) + (node.y1 ?? 0)) / 2 + 4} textAnchor={node.selling ? "end" : "start"}>
              {idOf(node.name)} <tspan className="quiet">{f.kwh(node.value ?? 0)}</tspan>
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}

export default function Flows() {
  const t = useText();
  const c = useConsoleText();
  const f = useFormat();
  const [period, setPeriod] = useState<Period>("day");
  const [utility, setUtility] = useState(false);
  const [back, setBack] = useState(0); // how many periods earlier
  const parameters = useResource("op parameters", (signal) => operator.parameters(signal), { live: true });
  const now = parameters.data?.island_time;
  // A step of the clock moves the period with it, a slot at a time.
  const end = typeof now === "string" ? Math.ceil(Date.parse(now) / 900_000) * 900_000 - back * periods[period] : null;
  const trades = useResource(
    end === null ? null : `op flows ${period} ${back}`,
    (signal) => operator.trades({ from: new Date((end ?? 0) - periods[period]).toISOString(), to: new Date(end ?? 0).toISOString(), venue: utility ? undefined : "local" }, signal),
    { live: back === 0 },
  );
  const flows = useMemo(() => sumFlows((trades.data ?? []).filter(({ venue }) => utility || venue !== "utility")), [trades.data, utility]);
  return (
    <div className="stack">
      <div className="page-head">
        <h1>{c.nav.flows}</h1>
        <Segmented
          label={c.flows.period}
          value={period}
          options={[
            ["hour", c.flows.hour],
            ["day", c.flows.day],
            ["week", c.flows.week],
          ]}
          onChange={(next) => {
            setPeriod(next);
            setBack(0);
          }}
        />
      </div>
      <div className="row">
        <button type="button" className="button small" onClick={() => setBack(back + 1)} aria-label={t.history.previous}>
          ‹
        </button>
        <span aria-live="polite">{end === null ? "" : `${f.dateTime(new Date(end - periods[period]).toISOString())} – ${f.dateTime(new Date(end).toISOString())}`}</span>
        <button type="button" className="button small" disabled={back === 0} onClick={() => setBack(back - 1)} aria-label={t.history.next}>
          ›
        </button>
        <Check
          label={c.flows.utility}
          checked={utility}
          onChange={(on) => {
            setUtility(on);
            trades.reload();
          }}
        />
      </div>
      {(trades.data?.length ?? 0) >= mostTrades && <Notice tone="warn">{c.flows.truncated}</Notice>}
      <Card title={c.flows.lead}>
        <Shown of={trades} rows={4} empty={[flows.length === 0, c.flows.empty]}>
          {() => (
            <div className="stack">
              <Picture flows={flows} />
              <details>
                <summary>{t.state.table}</summary>
                <Table
                  label={c.flows.lead}
                  rows={flows}
                  rowKey={(flow) => flow.seller + flow.buyer}
                  first={{ key: "energy", down: true }}
                  columns={[
                    { key: "from", title: c.flows.from, by: (flow) => flow.seller, cell: (flow) => idOf(flow.seller) },
                    { key: "to", title: c.flows.to, by: (flow) => flow.buyer, cell: (flow) => idOf(flow.buyer) },
                    { key: "energy", title: c.flows.energy, number: true, by: (flow) => flow.energy, cell: (flow) => f.number(flow.energy, 3) },
                    { key: "amount", title: c.flows.amount, number: true, by: (flow) => flow.amount, cell: (flow) => f.number(flow.amount, 4) },
                  ]}
                />
              </details>
            </div>
          )}
        </Shown>
      </Card>
    </div>
  );
}
