import { Switch as BaseSwitch } from "@base-ui/react/switch";
import type { ButtonHTMLAttributes, ReactNode } from "react";

type Tone = "plain" | "good" | "warn" | "bad";

export function Card({ title, actions, children, label }: { title?: ReactNode; actions?: ReactNode; children: ReactNode; label?: string }) {
  return (
    <section className="card" aria-label={label}>
      {(title || actions) && (
        <header>
          {title && <h2>{title}</h2>}
          {actions}
        </header>
      )}
      {children}
    </section>
  );
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: "plain" | "primary" | "danger" | "quiet";
  small?: boolean;
  busy?: boolean;
}

export function Button({ look = "plain", small, busy, className, type = "button", disabled, ...rest }: ButtonProps) {
  const names = ["button", look === "plain" ? "" : look, small ? "small" : "", className ?? ""];
  return <button {...rest} type={type} className={names.filter(Boolean).join(" ")} disabled={disabled || busy} aria-busy={busy || undefined} />;
}

export function Notice({ tone = "plain", children, live }: { tone?: Tone; children: ReactNode; live?: boolean }) {
  const role = live ? (tone === "bad" ? "alert" : "status") : undefined;
  return (
    <div className={`notice ${tone}`} role={role}>
      {children}
    </div>
  );
}

/** A sentence in which `words` are code. */
export function WithCode({ text }: { text: string }) {
  return text.split("`").map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part));
}

export function Badge({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}

/** One of a few choices, as buttons. */
export function Segmented<T extends string>({ label, value, options, onChange }: { label: string; value: T; options: readonly (readonly [NoInfer<T>, string])[]; onChange(value: NoInfer<T>): void }) {
  return (
    <div className="tabs" role="group" aria-label={label}>
      {options.map(([name, text]) => (
        <button key={name} type="button" aria-pressed={name === value} onClick={() => onChange(name)}>
          {text}
        </button>
      ))}
    </div>
  );
}

export function Switch({ label, hint, checked, onChange }: { label: string; hint?: string; checked: boolean; onChange(checked: boolean): void }) {
  return (
    <div className="row between together">
      <span className="grow">
        <span aria-hidden="true">{label}</span>
        {hint && <span className="soft small" style={{ display: "block" }}>{hint}</span>}
      </span>
      <BaseSwitch.Root className="switch" checked={checked} onCheckedChange={onChange} aria-label={label}>
        <BaseSwitch.Thumb />
      </BaseSwitch.Root>
    </div>
  );
}

/** A number large, its unit small and, where there is no room, below it. */
function Quantity({ text }: { text: string }) {
  const [number, unit] = text.split("\u00a0");
  if (unit === undefined || !/\d/.test(number ?? "")) return text;
  return (
    <>
      {number} <small>{unit}</small>
    </>
  );
}

export function Tile({ label, value, hint }: { label: string; value: ReactNode; hint?: string }) {
  return (
    <div className="tile" title={hint}>
      <dt>{label}</dt>
      <dd>{typeof value === "string" ? <Quantity text={value} /> : value}</dd>
    </div>
  );
}

export function Tiles({ children, pairs }: { children: ReactNode; pairs?: boolean }) {
  return <dl className={pairs ? "tiles pairs" : "tiles"}>{children}</dl>;
}
