// Time series: a picture for those who see it, and the same numbers as a table for everybody.
import { lazy, Suspense, useState, type ReactNode } from "react";
import { useText } from "../i18n";
import { Button } from "./basic";

export interface Series {
  label: string;
  /** A token of the palette: "--sun". */
  color: string;
  values: (number | null)[];
  /** Drawn downwards, for what goes out. */
  negative?: boolean;
}

export interface ChartProps {
  title: string;
  /** Starts of the intervals, ISO times. */
  times: string[];
  timeLabel(iso: string): string;
  series: Series[];
  kind: "bars" | "steps";
  format(value: number): string;
  timeTitle: string;
  extra?: ReactNode;
}

const Plot = lazy(() => import("./plot"));

export function Chart(props: ChartProps) {
  const t = useText();
  const [asTable, setAsTable] = useState(false);
  return (
    <figure className="stack-small">
      <div className="row between">
        <figcaption>
          <h3>{props.title}</h3>
        </figcaption>
        <Button small look="quiet" onClick={() => setAsTable(!asTable)}>
          {asTable ? t.state.chart : t.state.table}
        </Button>
      </div>
      {asTable ? (
        <div className="table-box chart-table" tabIndex={0} role="region" aria-label={props.title}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{props.timeTitle}</th>
                {props.series.map((series) => (
                  <th key={series.label} scope="col" className="number">
                    {series.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {props.times.map((time, row) => (
                <tr key={time}>
                  <th scope="row">{props.timeLabel(time)}</th>
                  {props.series.map((series) => {
                    const value = series.values[row];
                    return (
                      <td key={series.label} className="number">
                        {value === null || value === undefined ? t.state.none : props.format(value)}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <>
          <Suspense fallback={<div className="skeleton plot-box" />}>
            <Plot {...props} />
          </Suspense>
          <ul className="row small legend" aria-hidden="true">
            {props.series.map((series) => (
              <li key={series.label}>
                <i style={{ background: `var(${series.color})` }} /> {series.label}
              </li>
            ))}
          </ul>
        </>
      )}
    </figure>
  );
}
