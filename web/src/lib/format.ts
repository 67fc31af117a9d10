// Numbers, money and times as people of a language read them.
export type Language = "pt" | "en";
const locales: Record<Language, string> = { pt: "pt-PT", en: "en-GB" };

/** A quantity as the door gives it: /etms numbers, /v1 decimal strings. */
export type Quantity = number | string;

export interface Formatter {
  locale: string;
  zone: string;
  number(value: Quantity, digits?: number): string;
  kwh(value: Quantity, digits?: number): string;
  watts(value: number): string;
  /** Coins with their word. */
  coins(value: Quantity, digits?: number): string;
  cash(value: Quantity, currency: string): string;
  price(value: Quantity): string;
  percent(share: number, digits?: number): string;
  time(iso: string): string;
  date(iso: string): string;
  dateTime(iso: string): string;
  /** With seconds: for blocks. */
  exact(iso: string): string;
  weekday(iso: string): string;
  month(iso: string): string;
  /** "3 min", for ages and waits. */
  duration(seconds: number): string;
  /** YYYY-MM-DD of that moment in the island's zone. */
  localDate(iso: string): string;
}

export function createFormatter(language: Language, zone: string): Formatter {
  const locale = locales[language];
  const coinWord = language === "pt" ? "moedas" : "coins";
  const cache = new Map<string, Intl.NumberFormat>();
  const numbers = (options: Intl.NumberFormatOptions) => {
    const key = JSON.stringify(options);
    let made = cache.get(key);
    if (!made) cache.set(key, (made = new Intl.NumberFormat(locale, options)));
    return made;
  };
  const fixed = (value: Quantity, digits: number) => {
    const shown = Number(value);
    const text = numbers({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(shown);
    return /^-[0.,\s]*$/.test(text) ? text.slice(1) : text; // no "-0,00"
  };
  const when = (options: Intl.DateTimeFormatOptions) => {
    const made = new Intl.DateTimeFormat(locale, { ...options, timeZone: zone, hourCycle: "h23" });
    return (iso: string) => made.format(new Date(iso));
  };
  const unit = (value: number, name: string, digits = 0) =>
    numbers({ style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits }).format(value);
  const day = new Intl.DateTimeFormat("en", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
  return {
    locale,
    zone,
    number: (value, digits) =>
      digits === undefined ? numbers({ maximumFractionDigits: 9 }).format(Number(value)) : fixed(value, digits),
    kwh: (value, digits = 2) => `${fixed(value, digits)}\u00a0kWh`,
    watts: (value) =>
      Math.abs(value) >= 1000 ? `${fixed(value / 1000, 2)}\u00a0kW` : `${fixed(value, 0)}\u00a0W`,
    coins: (value, digits = 2) => `${fixed(value, digits)}\u00a0${coinWord}`,
    cash: (value, currency) => numbers({ style: "currency", currency }).format(Number(value)),
    price: (value) =>
      `${numbers({ minimumFractionDigits: 2, maximumFractionDigits: 4 }).format(Number(value))}\u00a0${coinWord}/kWh`,
    percent: (share, digits = 0) => numbers({ style: "percent", maximumFractionDigits: digits }).format(share),
    time: when({ hour: "2-digit", minute: "2-digit" }),
    date: when({ day: "numeric", month: "short", year: "numeric" }),
    dateTime: when({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }),
    exact: when({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    weekday: when({ weekday: "short", day: "numeric" }),
    month: when({ month: "long", year: "numeric" }),
    duration: (seconds) =>
      seconds < 90
        ? unit(Math.round(seconds), "second")
        : seconds < 5400
          ? unit(Math.round(seconds / 60), "minute")
          : seconds < 48 * 3600
            ? unit(seconds / 3600, "hour", 1)
            : unit(Math.round(seconds / 86400), "day"),
    localDate: (iso) => {
      // Part by part: how a locale writes a whole date changes between releases of its data.
      const parts = new Map(day.formatToParts(new Date(iso)).map(({ type, value }) => [type, value]));
      return `${parts.get("year")}-${parts.get("month")}-${parts.get("day")}`;
    },
  };
}
