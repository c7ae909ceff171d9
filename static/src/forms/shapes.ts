// What the server says of a form, and what it answers to one that was sent.

export type Kind = "embedded" | "popup" | "page";

export interface Question {
  name: string;
  kind: string;
  label: string;
  required: boolean;
  options: string[];
}

export interface Definition {
  key: string;
  ticket: string;
  kind: Kind;
  title: string;
  text: string;
  button: string;
  questions: Question[];
  consent: { text: string; box: boolean };
  success: { title: string; text: string; code?: string };
  rules: {
    seconds: number | null;
    scroll: number | null;
    exit: boolean;
    pages: string[];
    except: string[];
    days: number;
    position: string;
  };
  look: {
    name: string;
    accent: string;
    onAccent: string;
    link: string;
    logo: string;
    logoWidth: number;
    logoHeight: number;
  };
}

export interface Answer {
  ok?: boolean;
  code?: string;
  form?: Definition;
  wait?: number;
  errors?: Record<string, string>;
}
