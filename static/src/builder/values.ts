// Values to choose from, asked of the server; each answer is kept.

export interface Suggestion {
  value: string;
  label: string;
  note: string;
}

export type Query = Readonly<Record<string, string>>;

export class Values {
  readonly #address: string;
  readonly #kept = new Map<string, Suggestion[]>();
  readonly #names = new Map<string, string>();

  constructor(address: string) {
    this.#address = address;
  }

  async list(query: Query, signal?: AbortSignal): Promise<Suggestion[]> {
    const asked = new URLSearchParams(query).toString();
    const kept = this.#kept.get(asked);
    if (kept) return kept;
    const answer = await fetch(`${this.#address}?${asked}`, {
      headers: { Accept: "application/json" },
      credentials: "same-origin",
      ...(signal && { signal }),
    });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const { values } = (await answer.json()) as { values: Suggestion[] };
    this.#kept.set(asked, values);
    for (const { value, label } of values) this.#names.set(`${query["of"]}:${value}`, label);
    return values;
  }

  /** Return what a value is called, as far as it was answered already. */
  nameOf(of: string, value: string): string | undefined {
    return this.#names.get(`${of}:${value}`);
  }

  /** Learn what some ids are called; what is gone keeps its number. */
  async learn(of: string, ids: readonly string[]): Promise<void> {
    const unknown = [...new Set(ids)].filter((id) => !this.nameOf(of, id));
    if (unknown.length === 0) return;
    await this.list({ of, ids: unknown.join(",") });
    for (const id of unknown) if (!this.nameOf(of, id)) this.#names.set(`${of}:${id}`, `#${id} (deleted)`);
  }
}
