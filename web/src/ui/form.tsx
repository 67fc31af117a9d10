import { useId, useState, type InputHTMLAttributes, type ReactNode } from "react";

interface FieldProps {
  label: string;
  hint?: string;
  wrong?: string | null;
  children(props: { id: string; "aria-invalid": boolean; "aria-describedby": string | undefined }): ReactNode;
}

/** A label, its control, and what is wrong with what was given. */
export function Field({ label, hint, wrong, children }: FieldProps) {
  const id = useId();
  const told = [hint ? id + "-hint" : "", wrong ? id + "-wrong" : ""].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-invalid": Boolean(wrong), "aria-describedby": told || undefined })}
      {hint && (
        <span className="hint" id={id + "-hint"}>
          {hint}
        </span>
      )}
      {wrong && (
        <span className="wrong" id={id + "-wrong"} role="alert">
          {wrong}
        </span>
      )}
    </div>
  );
}

interface TextProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "value" | "onChange"> {
  label: string;
  hint?: string;
  wrong?: string | null;
  unit?: string;
  value: string;
  onChange(value: string): void;
}

export function TextField({ label, hint, wrong, unit, value, onChange, ...rest }: TextProps) {
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(control) => (
        <span className="with-unit">
          <input className="input" value={value} onChange={(event) => onChange(event.target.value)} {...rest} {...control} />
          {unit && <span className="unit">{unit}</span>}
        </span>
      )}
    </Field>
  );
}

export function PasswordField({ show, hide, ...rest }: TextProps & { show: string; hide: string }) {
  const [shown, setShown] = useState(false);
  return (
    <Field label={rest.label} hint={rest.hint} wrong={rest.wrong}>
      {(control) => (
        <span className="with-unit">
          <input
            className="input"
            type={shown ? "text" : "password"}
            value={rest.value}
            autoComplete={rest.autoComplete}
            onChange={(event) => rest.onChange(event.target.value)}
            {...control}
          />
          <button type="button" className="button quiet small" aria-pressed={shown} onClick={() => setShown(!shown)}>
            {shown ? hide : show}
          </button>
        </span>
      )}
    </Field>
  );
}

interface SelectProps {
  label: string;
  hint?: string;
  wrong?: string | null;
  value: string;
  options: readonly (readonly [string, string])[];
  empty?: string;
  disabled?: boolean;
  onChange(value: string): void;
}

export function SelectField({ label, hint, wrong, value, options, empty, disabled, onChange }: SelectProps) {
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(control) => (
        <select className="input" value={value} disabled={disabled} onChange={(event) => onChange(event.target.value)} {...control}>
          {empty !== undefined && <option value="">{empty}</option>}
          {options.map(([name, text]) => (
            <option key={name} value={name}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function Check({ label, checked, onChange }: { label: ReactNode; checked: boolean; onChange(checked: boolean): void }) {
  return (
    <label className="check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      <span>{label}</span>
    </label>
  );
}

/** A decimal number with a comma or a point, at most nine decimals; null for other text. */
export function parseDecimal(text: string): number | null {
  const plain = text.trim().replace(/\u2212/g, "-").replace(",", ".");
  return /^-?\d{1,12}(\.\d{1,9})?$/.test(plain) ? Number(plain) : null;
}
