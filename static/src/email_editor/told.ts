// What the page tells the editor.

export interface Setting {
  name: string;
  label: string;
  kind: "choice" | "number" | "words" | "category" | "products" | "product" | "coupon" | "address" | "picture" | "colour" | "pixels";
  default: string;
  choices: [string, string][];
  low: number;
  high: number;
  help: string;
  /** Another setting and its value without which this one says nothing. */
  when: [string, string];
}

export interface BlockKind {
  tag: string;
  label: string;
  help: string;
  icon: string;
  settings: Setting[];
}

export interface Look {
  name: string;
  accent: string;
  on_accent: string;
  font: string;
  link: string;
}

/** Something of people by which a part is shown; without choices its values are typed. */
export interface ReaderTrait {
  key: string;
  label: string;
  choices: [string, string][];
}

export interface Told {
  blocks: BlockKind[];
  categories: string[];
  coupons: [string, string][];
  look: Look;
  readers: ReaderTrait[];
  /** What the server found wrong with the code; empty where nothing is. */
  fault: string;
}

export function setting(name: string, label: string, kind: Setting["kind"], more: Partial<Setting> = {}): Setting {
  return { name, label, kind, default: "", choices: [], low: 0, high: 0, help: "", when: ["", ""], ...more };
}
