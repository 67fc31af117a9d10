// The power between sun, home, battery, car, neighbours and grid, as a moving picture and as sentences.
import type { Flow, FlowNode } from "../api/household";
import { useText } from "../i18n";
import { useFormat } from "../lib/settings";

const places: Record<FlowNode, [number, number]> = {
  sun: [200, 60],
  neighbours: [62, 160],
  home: [200, 180],
  grid: [338, 160],
  battery: [110, 306],
  car: [290, 306],
};
const colors: Record<FlowNode, string> = {
  sun: "--sun",
  home: "--home",
  battery: "--battery",
  car: "--car",
  neighbours: "--neighbours",
  grid: "--grid",
};
const glyphs: Record<FlowNode, string> = {
  sun: "M0-5a5 5 0 1 0 0 10A5 5 0 0 0 0-5zm0-5v2m0 16v2m-10-10h2m16 0h2M-7-7l1.4 1.4m11.2 11.2L7 7m0-14-1.4 1.4M-5.600 5.600-7 7",
  home: "M-9 1 0-7l9 8v8H3V3h-6v6h-6z",
  battery: "M-10-4H7v9h-17zM7-2h3v5H7M-6-1v3m4-3v3m4-3v3",
  car: "M-10 4V1l2-5H8l2 5v3zm0 0v3m20-3v3M-10 1h20",
  neighbours: "M-11 8V1l5-4 5 4v7zm12 0h10V0L7-4 3-1",
  grid: "M0-10-5 9m5-19L5 9M-3.500-4h7M-4.500 1h9M-8-4H8",
};

function wattsOf(flow: Flow, node: FlowNode): number {
  return flow[`${node}_watts`];
}

function Node({ node, flow }: { node: FlowNode; flow: Flow }) {
  const t = useText();
  const f = useFormat();
  const [x, y] = places[node];
  const watts = wattsOf(flow, node);
  return (
    <g className={watts === 0 ? "flow-node quiet" : "flow-node"}>
      <circle cx={x} cy={y} r="38" fill="var(--surface)" stroke={`var(${colors[node]})`} strokeWidth="3" />
      <path d={glyphs[node]} transform={`translate(${x} ${y - 9}) scale(1.15)`} fill="none" stroke={`var(${colors[node]})`} strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" />
      <text x={x} y={y + 20} textAnchor="middle" className="flow-watts">
        {f.watts(Math.abs(watts))}
      </text>
      <text x={x} y={node === "sun" ? y - 44 : y + 54} textAnchor="middle" className="flow-name">
        {t.flow[node]}
      </text>
    </g>
  );
}

/** Lines that pass the home bend around it. */
function controlPoint(from: FlowNode, to: FlowNode): [number, number] {
  const clearance = 70;
  const [homeX, homeY] = places.home;
  const x = (places[from][0] + places[to][0]) / 2 - homeX;
  const y = (places[from][1] + places[to][1]) / 2 - homeY;
  const distance = Math.hypot(x, y);
  if (from === "home" || to === "home" || distance >= clearance) return [homeX + x, homeY + y];
  const stretch = (2 * clearance - distance) / distance;
  return [homeX + x * stretch, homeY + y * stretch];
}

function Line({ from, to, watts }: { from: FlowNode; to: FlowNode; watts: number }) {
  const [x1, y1] = places[from];
  const [x2, y2] = places[to];
  const [middleX, middleY] = controlPoint(from, to);
  const width = Math.min(9, 2.5 + Math.sqrt(watts) / 12);
  const path = `M${x1} ${y1}Q${middleX} ${middleY} ${x2} ${y2}`;
  const seconds = Math.max(0.5, 3.2 - Math.log10(Math.max(10, watts)) * 0.7);
  return (
    <g>
      <path d={path} fill="none" stroke={`var(${colors[from]})`} strokeWidth={width} opacity="0.28" />
      <path d={path} fill="none" stroke={`var(${colors[from]})`} strokeWidth={width} strokeLinecap="round" className="flow-move" style={{ animationDuration: `${seconds}s` }} />
    </g>
  );
}

export function FlowPicture({ flow }: { flow: Flow }) {
  const t = useText();
  const f = useFormat();
  if (flow.source === "none") return <p className="soft">{t.flow.none}</p>;
  const optional = (node: FlowNode) => wattsOf(flow, node) !== 0 || flow.flows.some(({ from, to }) => from === node || to === node);
  const shown = (Object.keys(places) as FlowNode[]).filter((node) => (node !== "battery" && node !== "car") || optional(node));
  const age = f.duration(flow.age_seconds ?? 0);
  const tall = shown.includes("battery") || shown.includes("car");
  return (
    <div className="stack-small">
      <svg viewBox={`0 0 400 ${tall ? 372 : 250}`} className="flow" aria-hidden="true">
        {flow.flows.map(({ from, to, watts }) => (
          <Line key={from + to} from={from} to={to} watts={watts} />
        ))}
        {shown.map((node) => (
          <Node key={node} node={node} flow={flow} />
        ))}
      </svg>
      <ul className="hidden" aria-label={t.flow.title}>
        {flow.flows.map(({ from, to, watts }) => (
          <li key={from + to}>{t.flow.from(t.flow[from], t.flow[to], f.watts(watts))}</li>
        ))}
      </ul>
      <p className="soft small">
        {flow.source === "live" ? t.flow.live(age) : t.flow.reading(age)}
        {!flow.neighbours_known && ` · ${t.flow.unknownNeighbours}`}
      </p>
    </div>
  );
}
