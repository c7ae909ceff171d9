// Turns figures into an ECharts option: zero-based bars, direct labels, the past in grey.

import type { EChartsCoreOption } from "echarts/core";

import type { Colours } from "./colours";
import { formatPlace, formatValue } from "./data";
import type { ChartData, Series } from "./data";
import { buildSankey } from "./sankey";
import { buildTip } from "./tip";

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

function colourOf(series: Series, index: number, colours: Colours): string {
  if (series.role === "past") return colours.past;
  if (series.role === "target") return colours.text;
  return colours.series[index % colours.series.length] ?? colours.text;
}

function markOf(series: Series, index: number, data: ChartData, colours: Colours, offset: number): object {
  const color = colourOf(series, index, colours);
  const isLine = data.type === "line" || data.type === "area" || series.role === "target";
  const common = { name: series.name, data: series.values, color, animation: false };
  if (!isLine) {
    return {
      ...common,
      type: "bar",
      barMaxWidth: 28,
      barCategoryGap: "32%",
      ...(data.type === "bars" ? { label: barLabel(data, colours) } : {}),
      ...(data.type === "stacked" ? { stack: "all" } : { itemStyle: { borderRadius: 2 } }),
    };
  }
  const isPast = series.role === "past";
  const isCurrent = !isPast && series.role !== "target";
  return {
    ...common,
    type: "line",
    // A line needs two places: what stands alone is drawn as a dot.
    showSymbol: series.values.filter((value) => value !== null).length === 1,
    symbolSize: 6,
    connectNulls: false,
    lineStyle: { width: isCurrent ? 2 : 1.5, type: isCurrent ? "solid" : [4, 4] },
    ...(data.type === "area" && isCurrent ? { areaStyle: { opacity: 0.1 } } : {}),
    ...(data.series.length > 1 ? { endLabel: endLabel(series, colours, offset) } : {}),
    z: isCurrent ? 3 : 2,
  };
}

/** Draw what is not over yet apart: a dashed end of a line, a lighter last bar. */
function withUnfinished(marks: object[], data: ChartData, colours: Colours): object[] {
  const last = data.x.length - 1;
  if (!data.isUnfinished || last < 1) return marks;
  const isLine = data.type === "line" || data.type === "area";
  return marks.flatMap((mark, index) => {
    const series = data.series[index];
    if (!series || (series.role && series.role !== "current")) return [mark];
    if (!isLine) {
      const bar = { value: series.values[last] ?? null, itemStyle: { opacity: 0.5 } };
      return [{ ...mark, data: [...series.values.slice(0, last), bar] }];
    }
    const end = series.values.map((value, place) => (place < last - 1 ? null : value));
    const common = { ...mark, areaStyle: undefined };
    const dashed = { type: [2, 3], width: 2, color: colourOf(series, index, colours) };
    return [
      { ...mark, data: [...series.values.slice(0, last), null], endLabel: undefined },
      { ...common, data: end, lineStyle: dashed },
    ];
  });
}

function barLabel(data: ChartData, colours: Colours): object {
  return {
    show: data.series.length === 1,
    position: "right",
    color: colours.text,
    fontFamily: FONT,
    fontSize: 12,
    formatter: (point: { value: number | null }) => formatValue(point.value, data, true),
  };
}

function endLabel(series: Series, colours: Colours, offset: number): object {
  return {
    show: true,
    offset: [0, offset],
    formatter: series.name,
    color: colours.text,
    fontFamily: FONT,
    fontSize: 12,
    distance: 6,
    width: 96,
    overflow: "truncate",
  };
}

const LABEL_HEIGHT = 14;

/** Push the names at the ends of lines apart where their lines end close to each other. */
function spreadEndLabels(data: ChartData, height: number): Map<Series, number> {
  const ends = data.series.map((series) => series.values.filter((value) => value !== null).at(-1) ?? 0);
  const all = data.series.flatMap((series) => series.values.map((value) => value ?? 0));
  const [low, high] = [Math.min(0, ...all), Math.max(...all)];
  const offsets = new Map<Series, number>();
  let free = -Infinity;
  const order = data.series.map((series, index) => {
    const share = high > low ? (high - (ends[index] ?? 0)) / (high - low) : 0;
    return { series, wanted: share * (height - 40), top: 0 };
  });
  order.sort((one, other) => one.wanted - other.wanted);
  for (const name of order) {
    name.top = Math.max(name.wanted, free);
    free = name.top + LABEL_HEIGHT;
  }
  // Below the axis are the days: what would be pushed there pushes the names above it up.
  let floor = height - 40;
  for (const name of order.reverse()) {
    name.top = Math.min(name.top, floor);
    floor = name.top - LABEL_HEIGHT;
    offsets.set(name.series, name.top - name.wanted);
  }
  return offsets;
}

function axes(data: ChartData, colours: Colours, height: number): object {
  const label = { color: colours.text, fontFamily: FONT, fontSize: 12, hideOverlap: true };
  const places = {
    type: "category",
    data: data.x,
    boundaryGap: data.type === "bar" || data.type === "bars" || data.type === "stacked",
    axisTick: { show: false },
    axisLine: { lineStyle: { color: colours.line } },
    axisLabel: { ...label, alignMaxLabel: "right", formatter: (place: string) => formatPlace(place) },
  };
  const values = {
    type: "value",
    splitNumber: height < 200 ? 3 : 4,
    axisLabel: { ...label, formatter: (value: number) => formatValue(value, data, true) },
    splitLine: { lineStyle: { color: colours.grid } },
    ...(data.unit === "number" ? { minInterval: 1 } : {}),
  };
  if (data.type !== "bars") return { xAxis: places, yAxis: values };
  const names = { ...places.axisLabel, hideOverlap: false, width: 112, overflow: "truncate" };
  return { xAxis: values, yAxis: { ...places, axisLabel: names, inverse: true } };
}

function needsLegend(data: ChartData): boolean {
  const isLine = data.type === "line" || data.type === "area";
  return data.series.length > 1 && !isLine;
}

/** Build the option of one chart in the colours of the theme. */
export function buildOption(data: ChartData, colours: Colours, width: number, height: number): EChartsCoreOption {
  if (data.type === "sankey") return buildSankey(data, colours, width);
  const offsets = spreadEndLabels(data, height);
  const isLine = data.type === "line" || data.type === "area";
  const hasEndLabels = isLine && data.series.length > 1;
  const roomForLabels = hasEndLabels ? Math.min(104, width * 0.26) : data.type === "bars" ? 48 : 12;
  return {
    textStyle: { fontFamily: FONT },
    grid: { left: 4, right: roomForLabels, top: needsLegend(data) ? 32 : 12, bottom: 4, containLabel: true },
    legend: {
      show: needsLegend(data),
      top: 0,
      left: 0,
      icon: "roundRect",
      itemWidth: 10,
      itemHeight: 10,
      textStyle: { color: colours.text, fontFamily: FONT, fontSize: 12 },
    },
    tooltip: {
      trigger: "axis",
      confine: true,
      transitionDuration: 0,
      backgroundColor: colours.surface,
      borderColor: colours.line,
      borderWidth: 1,
      padding: [8, 12],
      axisPointer: { type: isLine ? "line" : "shadow", lineStyle: { color: colours.past, type: "solid" } },
      formatter: (points: unknown) => buildTip(points, data),
    },
    ...axes(data, colours, height),
    series: withUnfinished(
      data.series.map((series, index) => markOf(series, index, data, colours, offsets.get(series) ?? 0)),
      data,
      colours,
    ),
  };
}
