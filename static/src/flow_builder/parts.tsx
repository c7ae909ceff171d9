// Small parts: icons, buttons, pills.

import type { ButtonHTMLAttributes, ReactNode } from "react";

export function Icon({ name, size = 16 }: { name: string; size?: 16 | 18 }): ReactNode {
  return (
    <svg className={size === 16 ? "icon icon-16" : "icon"} aria-hidden="true">
      <use href={`#i-${name}`} />
    </svg>
  );
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  label: string;
  icon: string;
}

/** A button that shows an icon alone; its label is read out and shown on hover. */
export function IconButton({ label, icon, title, className = "", ...more }: IconButtonProps): ReactNode {
  return (
    <button type="button" className={`button button-quiet button-small button-icon ${className}`} aria-label={label} title={title ?? label} {...more}>
      <Icon name={icon} />
    </button>
  );
}

export function Pill({ tone, icon, children }: { tone: string; icon: string; children: ReactNode }): ReactNode {
  return (
    <span className="pill" data-tone={tone}>
      <Icon name={icon} />
      {children}
    </span>
  );
}

export function plural(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en-GB")} ${number === 1 ? one : many}`;
}

/** Show one line as a toast of the page. */
export function toast(text: string): void {
  document.dispatchEvent(new CustomEvent("toast", { detail: { text } }));
}

export function plain(word: string): string {
  const words = word.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
