import { useEffect, useState } from "react";
import { household, type News } from "../api/household";
import { useText, type Messages } from "../i18n";
import type { Formatter } from "../lib/format";
import { useAction, useResource } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { keep } from "../lib/storage";
import { Button, Card } from "../ui/basic";
import { ErrorNotice, Shown } from "../ui/state";

export function newsText(t: Messages, f: Formatter, news: News): string {
  const kinds = t.notifications.kinds;
  const meter = news.meter ?? "";
  switch (news.kind) {
    case "low_balance":
      return kinds.low_balance(f.coins(news.coins ?? 0));
    case "top_up":
      return kinds.top_up(f.coins(news.bought_coins ?? 0));
    case "cash_request_approved":
    case "cash_request_refused":
      return kinds[news.kind](f.number(news.cash ?? 0, 2));
    case "meter_quarantined":
    case "meter_trusted":
    case "reading_disputed":
    case "dispute_upheld":
    case "dispute_dismissed":
      return kinds[news.kind](meter);
    case "slot_corrected":
      return kinds.slot_corrected(f.coins(news.difference_coins ?? 0, 4));
    case "invitation":
    case "access_added":
    case "login_changed":
    case "login_removed":
    case "log_in":
      return kinds[news.kind];
    case "bill_final":
      return kinds.bill_final(f.month(`${news.month}-15T12:00:00Z`));
    default:
      return kinds.other(news.kind);
  }
}

export default function Notifications() {
  const t = useText();
  const f = useFormat();
  const [older, setOlder] = useState<{ items: News[]; next: string | null } | null>(null);
  const news = useResource("notifications", (signal) => household.notifications(undefined, undefined, signal), { live: true, kept: true });
  const newest = news.data?.items.find(({ id }) => /^\d+\.\d+$/.test(id))?.id;
  useEffect(() => {
    if (newest) keep("read", newest);
  }, [newest]);
  const next = older ? older.next : (news.data?.next ?? null);
  const more = useAction(async () => {
    if (!next) return;
    const page = await household.notifications(undefined, next);
    setOlder({ items: [...(older?.items ?? []), ...page.items], next: page.next });
  });
  return (
    <div className="stack">
      <h1>{t.notifications.title}</h1>
      <Card>
        <Shown of={news} rows={3} empty={[(page) => page.items.length === 0, t.notifications.empty]}>
          {(page) => (
            <ul className="list">
              {[...page.items, ...(older?.items ?? [])].map((item) => (
                <li key={item.id}>
                  <span className="grow">
                    {newsText(t, f, item)}
                    <span className="soft small" style={{ display: "block" }}>
                      {f.dateTime(item.time)}
                      {item.slot && ` · ${t.bill.slot} ${f.dateTime(item.slot)}`}
                    </span>
                  </span>
                </li>
              ))}
            </ul>
          )}
        </Shown>
        {more.error && <ErrorNotice error={more.error} />}
        {next && (
          <Button busy={more.busy} onClick={() => void more.run()}>
            {t.state.more}
          </Button>
        )}
      </Card>
    </div>
  );
}
