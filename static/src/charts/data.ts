// What a chart address answers with. Views send figures; the look is decided here.

export type Unit = "number" | "money" | "percent" | "days";
export type Role = "current" | "past" | "target";

export interface Series {
  name: string;
  values: (number | null)[];
  role?: Role;
}

export interface ChartData {
  /** "bars" are horizontal, for names; "stacked" parts add up to a whole; "sankey" is movement. */
  type: "line" | "area" | "bar" | "bars" | "stacked" | "sankey";
  unit: Unit;
  /** ISO 4217; money values are whole minor units of it. */
  currency?: string;
  /** Heading of the first column of the table view. */
  axis?: string;
  /** ISO dates ("2026-06-01"), months ("2026-06") or names. */
  x: string[];
  series: Series[];
  /** Of movement: from, to, how many; the series says the same for the table. */
  links?: [string, string, number][];
  /** Of movement: names from top to bottom. */
  order?: string[];
  /** The last place is not over yet: it is drawn lighter. */
  isUnfinished?: boolean;
}

const LOCALE = "en-GB";

/** Tell how many digits a currency has behind the point. */
function currencyDigits(currency: string): number {
  const format = new Intl.NumberFormat(LOCALE, { style: "currency", currency });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}

function formatMoney(value: number, currency: string, isShort: boolean): string {
  const major = value / 10 ** currencyDigits(currency);
  const options: Intl.NumberFormatOptions = { style: "currency", currency, currencyDisplay: "narrowSymbol" };
  if (isShort) Object.assign(options, { notation: "compact", minimumFractionDigits: 0, maximumFractionDigits: 1 });
  return new Intl.NumberFormat(LOCALE, options).format(major);
}

/** Write a value with its unit; the short form is for axes and labels. */
export function formatValue(value: number | null, data: ChartData, isShort = false): string {
  if (value === null) return "–";
  if (data.unit === "money") return formatMoney(value, data.currency ?? "EUR", isShort);
  if (data.unit === "percent") {
    const digits = value !== 0 && Math.abs(value) < 0.01 ? 2 : 1;
    return new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: digits }).format(value);
  }
  const options: Intl.NumberFormatOptions = isShort
    ? { notation: "compact", maximumFractionDigits: 1 }
    : { maximumFractionDigits: 1 };
  const number = new Intl.NumberFormat(LOCALE, options).format(value);
  return data.unit === "days" && !isShort ? `${number} days` : number;
}

/** Write a place on the x axis: "1 Jun", "Jun 2026", or the name itself. */
export function formatPlace(place: string, isLong = false): string {
  const match = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/.exec(place);
  if (!match) return place;
  const date = new Date(`${match[1]}-${match[2]}-${match[3] ?? "01"}T00:00:00Z`);
  const options: Intl.DateTimeFormatOptions = { month: "short", timeZone: "UTC" };
  if (match[3]) options.day = "numeric";
  if (!match[3] || isLong) options.year = "numeric";
  if (match[3] && isLong) options.weekday = "short";
  return new Intl.DateTimeFormat(LOCALE, options).format(date);
}
