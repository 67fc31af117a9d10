import { useState } from "react";
import { household, shortName, type Ranking } from "../api/household";
import { useText } from "../i18n";
import { useResource } from "../lib/resource";
import { Link } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Card, Notice, Segmented } from "../ui/basic";
import { Shown } from "../ui/state";

/** "2021-W25" of the week before the one that begins at `from`; weeks are ISO weeks. */
export function weekBefore(from: string): string {
  const thursday = new Date(Date.parse(from) + (12 - 7 * 24 + 3 * 24) * 3_600_000);
  const year = thursday.getUTCFullYear();
  const days = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / 86_400_000);
  return `${year}-W${String(Math.floor(days / 7) + 1).padStart(2, "0")}`;
}

function Own({ ranking }: { ranking: Ranking }) {
  const t = useText();
  const f = useFormat();
  const { place, readings_percent: readings, display } = ranking.own;
  return (
    <>
      <Notice tone={place === null ? "plain" : "good"}>
        {place === null ? t.ranking.notRanked(f.percent(readings / 100)) : t.ranking.own(f.number(place), f.number(Math.max(ranking.homes, place)))}
        {display === "hidden" && <> {t.ranking.hidden}</>}
      </Notice>
      <p>
        <Link to="/settings">{t.ranking.change}</Link>
      </p>
    </>
  );
}

export default function RankingScreen() {
  const t = useText();
  const f = useFormat();
  const [last, setLast] = useState(false);
  const current = useResource("ranking now", (signal) => household.ranking(undefined, signal), { live: true, kept: true });
  const before = current.data ? weekBefore(current.data.from) : null;
  const former = useResource(last && before ? "ranking " + before : null, (signal) => household.ranking(before ?? undefined, signal), { kept: true });
  const shown = last ? former : current;
  return (
    <div className="stack">
      <div className="page-head">
        <h1>{t.ranking.title}</h1>
        <Segmented
          label={t.history.period}
          value={last ? "last" : "this"}
          options={[
            ["this", t.ranking.thisWeek],
            ["last", t.ranking.lastWeek],
          ]}
          onChange={(next) => setLast(next === "last")}
        />
      </div>
      <p className="soft">{t.ranking.lead}</p>
      <Card title={shown.data ? t.ranking.week(shown.data.week) : undefined}>
        <Shown of={shown} rows={3}>
          {(data) => (
            <div className="stack-small">
              <Own ranking={data} />
              {data.items.length === 0 ? (
                <p className="soft">{t.ranking.empty}</p>
              ) : (
                <ol className="list">
                  {data.items.map((item) => (
                    <li key={item.place} className={item.own ? "own-row" : undefined}>
                      <span className="place" aria-hidden="true">
                        {item.place}
                      </span>
                      <span className="grow">
                        <span className="hidden">{`${t.ranking.place} ${item.place}: `}</span>
                        {item.participant ? shortName(item.participant) : t.ranking.anonymous}
                        {item.own && ` (${t.ranking.you})`}
                        <span className="bar" style={{ display: "block" }} aria-hidden="true">
                          <i style={{ width: `${item.percent}%` }} />
                        </span>
                      </span>
                      <span className="number">{f.percent(item.percent / 100)}</span>
                    </li>
                  ))}
                </ol>
              )}
            </div>
          )}
        </Shown>
      </Card>
    </div>
  );
}
