// uPlot behind <Chart>; loaded only where a chart is shown.
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { ChartProps } from "./chart";
import { theme } from "../lib/settings";
import { useStore } from "../lib/store";

function tokenValue(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
}

function pathOf(kind: ChartProps["kind"], place: number, count: number): uPlot.Series.PathBuilder {
  if (kind === "steps") return uPlot.paths.stepped!({ align: 1 });
  // Several series stand beside one another, except where they point in different directions.
  const size = count > 1 ? 0.78 / count : 0.78;
  return uPlot.paths.bars!({ size: [size, 40], align: count === 1 ? 0 : place === 0 ? -1 : 1 });
}

export default function Plot({ times, timeLabel, series, kind, format, title }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const look = useStore(theme);
  useEffect(() => {
    const target = box.current;
    if (!target) return undefined;
    const draw = () => {
      const indices = times.map((_, index) => index);
      const beside = series.filter((each) => !each.negative).length;
      const axis = { stroke: tokenValue("--text-soft"), grid: { stroke: tokenValue("--line"), width: 1 }, ticks: { show: false } };
      const options: uPlot.Options = {
        width: target.clientWidth,
        height: 230,
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, y: false },
        scales: { x: { time: false, range: [-0.6, Math.max(times.length - 0.4, 0.6)] } },
        axes: [
          { ...axis, grid: { show: false }, splits: (plot) => spread(times.length, plot.width), values: (_, at) => at.map((index) => (times[index] ? timeLabel(times[index]) : "")) },
          { ...axis, size: 58, values: (_, at) => at.map((value) => format(value)) },
        ],
        series: [
          {},
          ...series.map((each, index) => ({
            label: each.label,
            stroke: tokenValue(each.color),
            fill: tokenValue(each.color) + (kind === "bars" ? "" : "38"),
            width: kind === "bars" ? 0 : 2,
            points: { show: false },
            paths: pathOf(kind, each.negative ? 0 : index, each.negative ? 1 : beside),
          })),
        ],
        hooks: { setCursor: [(plot) => showTip(plot, times, timeLabel, series, format)] },
      };
      const values = series.map((each) => each.values.map((value) => (value === null ? null : each.negative ? -value : value)));
      return new uPlot(options, [indices, ...values] as uPlot.AlignedData, target);
    };
    let plot = draw();
    const observer = new ResizeObserver(() => {
      if (Math.abs(target.clientWidth - plot.width) > 1) plot.setSize({ width: target.clientWidth, height: 230 });
    });
    observer.observe(target);
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => {
      plot.destroy();
      plot = draw();
    };
    dark.addEventListener("change", redraw);
    return () => {
      dark.removeEventListener("change", redraw);
      observer.disconnect();
      plot.destroy();
    };
  }, [times, series, kind, look, format, timeLabel]);
  return <div className="plot-box" ref={box} role="img" aria-label={title} />;
}

/** So many labels as there is room for. */
function spread(count: number, width: number): number[] {
  const most = Math.max(2, Math.floor(width / 64));
  const step = Math.max(1, Math.ceil(count / most));
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}

function showTip(plot: uPlot, times: string[], timeLabel: (iso: string) => string, series: ChartProps["series"], format: (value: number) => string) {
  let tip = plot.over.querySelector<HTMLDivElement>(".plot-tip");
  if (!tip) {
    tip = document.createElement("div");
    tip.className = "plot-tip";
    plot.over.append(tip);
  }
  const { idx, left } = plot.cursor;
  const time = idx === null || idx === undefined ? undefined : times[idx];
  if (time === undefined || idx === null || idx === undefined || left === undefined || left < 0) {
    tip.style.display = "none";
    return;
  }
  const lines = series.map((each) => {
    const value = each.values[idx];
    return `${each.label}: ${value === null || value === undefined ? "–" : format(value)}`;
  });
  tip.textContent = [timeLabel(time), ...lines].join("\n");
  tip.style.display = "block";
  tip.style.left = `${Math.min(left + 12, Math.max(0, plot.over.clientWidth - tip.offsetWidth))}px`;
}
