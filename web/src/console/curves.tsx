// Supply and demand of a slot as two staircases, and where they meet.
import { useMemo } from "react";
import type { BookOrder } from "../api/operator";
import { useFormat } from "../lib/settings";
import { useConsoleText } from "./i18n";

export interface Step {
  from: number; // kWh
  to: number;
  price: number;
}

/** The orders of one side, the best price first, one after the other. */
export function staircase(orders: BookOrder[], side: "buy" | "sell"): Step[] {
  const own = orders.filter((order) => order.side === side);
  own.sort((left, right) => (side === "sell" ? 1 : -1) * (Number(left.limit) - Number(right.limit)));
  let at = 0;
  return own.map((order) => {
    const step = { from: at, to: at + Number(order.energy_kwh), price: Number(order.limit) };
    at = step.to;
    return step;
  });
}

const size = { width: 640, height: 300, left: 58, right: 14, top: 12, bottom: 40 };

function pathOf(steps: Step[], x: (kwh: number) => number, y: (price: number) => number): string {
  return steps.map((step, index) => `${index === 0 ? "M" : "L"}${x(step.from)} ${y(step.price)}L${x(step.to)} ${y(step.price)}`).join("");
}

export function Curves({ orders, traded, price }: { orders: BookOrder[]; traded: number; price: number | null }) {
  const { slots: s } = useConsoleText();
  const f = useFormat();
  const supply = useMemo(() => staircase(orders, "sell"), [orders]);
  const demand = useMemo(() => staircase(orders, "buy"), [orders]);
  const most = Math.max(supply.at(-1)?.to ?? 0, demand.at(-1)?.to ?? 0, 0.001);
  const dearest = Math.max(...[...supply, ...demand].map((step) => step.price), price ?? 0, 0.01) * 1.15;
  const x = (kwh: number) => size.left + (kwh / most) * (size.width - size.left - size.right);
  const y = (value: number) => size.height - size.bottom - (value / dearest) * (size.height - size.top - size.bottom);
  const ticks = (end: number, count: number) => Array.from({ length: count + 1 }, (_, index) => (end * index) / count);
  return (
    <figure className="stack-small">
      <svg viewBox={`0 0 ${size.width} ${size.height}`} className="curve" role="img" aria-label={s.curves}>
        {ticks(dearest, 4).map((value) => (
          <g key={value}>
            <line x1={size.left} x2={size.width - size.right} y1={y(value)} y2={y(value)} stroke="var(--line)" />
            <text x={size.left - 8} y={y(value) + 4} textAnchor="end">
              {f.number(value, 3)}
            </text>
          </g>
        ))}
        {ticks(most, 4).map((value) => (
          <text key={value} x={x(value)} y={size.height - size.bottom + 18} textAnchor="middle">
            {f.number(value, 2)}
          </text>
        ))}
        <text x={size.width - size.right} y={size.height - 6} textAnchor="end">
          kWh
        </text>
        <path d={pathOf(supply, x, y)} fill="none" stroke="var(--sun)" strokeWidth="3" />
        <path d={pathOf(demand, x, y)} fill="none" stroke="var(--car)" strokeWidth="3" />
        {traded > 0 && (
          <g>
            <line x1={x(traded)} x2={x(traded)} y1={size.top} y2={size.height - size.bottom} stroke="var(--neighbours)" strokeDasharray="4 4" />
            {price !== null && <line x1={size.left} x2={x(traded)} y1={y(price)} y2={y(price)} stroke="var(--neighbours)" strokeDasharray="4 4" />}
            {price !== null && <circle cx={x(traded)} cy={y(price)} r="6" fill="var(--neighbours)" />}
          </g>
        )}
      </svg>
      <ul className="row small legend">
        <li>
          <i style={{ background: "var(--sun)" }} /> {s.supply}
        </li>
        <li>
          <i style={{ background: "var(--car)" }} /> {s.demand}
        </li>
        {traded > 0 && (
          <li>
            <i style={{ background: "var(--neighbours)" }} /> {s.crossing}: {f.kwh(traded, 3)}
            {price !== null && ` · ${f.price(price)}`}
          </li>
        )}
      </ul>
      <figcaption className="soft small">{s.curvesHelp}</figcaption>
    </figure>
  );
}
