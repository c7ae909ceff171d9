// Resolves the tokens to what the canvas understands, in the theme of the moment.

export interface Colours {
  series: string[];
  past: string;
  grid: string;
  text: string;
  surface: string;
  line: string;
}

export function readColours(): Colours {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const read = (token: string): string => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const colours: Colours = {
    series: [1, 2, 3, 4, 5, 6].map((index) => read(`chart-${index}`)),
    past: read("chart-past"),
    grid: read("chart-grid"),
    text: read("text-soft"),
    surface: read("surface-raised"),
    line: read("line"),
  };
  probe.remove();
  return colours;
}
