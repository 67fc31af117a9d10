import type { Window } from "../api/household";
import { useText } from "../i18n";
import { Button } from "../ui/basic";

const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const workdays: Window = { weekdays: [...days], from: "08:00", to: "20:00" };

/** Times of the week in which a rule holds; none means always. */
export function Windows({ windows, wrong, onChange }: { windows: Window[]; wrong: boolean; onChange(windows: Window[]): void }) {
  const t = useText();
  const change = (index: number, part: Partial<Window>) => onChange(windows.map((window, at) => (at === index ? { ...window, ...part } : window)));
  const toggle = (index: number, day: string, chosen: boolean) => {
    const before = windows[index]?.weekdays ?? [];
    change(index, { weekdays: days.filter((other) => (other === day ? chosen : before.includes(other))) });
  };
  return (
    <fieldset className="stack-small">
      <legend>
        {t.trading.windows}
        {windows.length === 0 && <span className="soft">: {t.trading.always}</span>}
      </legend>
      {windows.map((window, index) => (
        <div key={index} className="tile stack-small">
          <div className="days" role="group" aria-label={t.trading.days}>
            {days.map((day) => (
              <label key={day}>
                <input type="checkbox" checked={window.weekdays.includes(day)} onChange={(event) => toggle(index, day, event.target.checked)} />
                <span>{t.trading.weekdays[day]}</span>
              </label>
            ))}
          </div>
          <div className="row">
            <label className="row">
              {t.trading.from}
              <input className="input clock" type="time" value={window.from} onChange={(event) => change(index, { from: event.target.value })} />
            </label>
            <label className="row">
              {t.trading.to}
              <input className="input clock" type="time" value={window.to} onChange={(event) => change(index, { to: event.target.value })} />
            </label>
            <Button small look="quiet" onClick={() => onChange(windows.filter((_, at) => at !== index))}>
              {t.state.remove}
            </Button>
          </div>
        </div>
      ))}
      {wrong && (
        <span className="field">
          <span className="wrong" role="alert">
            {t.trading.badWindow}
          </span>
        </span>
      )}
      <div>
        <Button small onClick={() => onChange([...windows, workdays])}>
          {t.trading.addWindow}
        </Button>
      </div>
    </fieldset>
  );
}
