// From our short description of a chart to ECharts' options.
// {kind: "bar|line|area|stack|share|funnel|heatmap|sankey", unit: "number|money|percent|minutes",
//  categories: […], series: [{name, values, tone?, hrefs?}], nodes/links (sankey), rows/values (heatmap)}
import { formats, short } from "../format.js";

const TONES = { gain: "--mz-gain", loss: "--mz-loss", wait: "--mz-wait", accent: "--mz-accent" };
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Colours as the theme has them now; light-dark() must be resolved, so an element is asked, not the variable. */
function palette(box) {
  const probe = box.ownerDocument.createElement("i");
  probe.className = "mz-hidden";
  box.parentElement.append(probe);
  const read = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    ink: read("--mz-ink"), dim: read("--mz-ink-2"), line: read("--mz-line"), ground: read("--mz-surface"), raised: read("--mz-raised"),
    sunken: read("--mz-sunken"), accent: read("--mz-accent"), tone: Object.fromEntries(Object.entries(TONES).map(([name, token]) => [name, read(token)])),
    series: [1, 2, 3, 4, 5, 6].map((n) => read(`--mz-series-${n}`)),
  };
  probe.remove();
  return colours;
}

const point = (series, index) => series.hrefs?.[index] ? { value: series.values[index], href: series.hrefs[index] } : series.values[index];

export function options(data, box) {
  const colours = palette(box);
  const say = formats[data.unit ?? "number"];
  const common = {
    animation: !still.matches, animationDuration: 400, color: colours.series,
    textStyle: { fontFamily: getComputedStyle(box).fontFamily, color: colours.ink, fontSize: 13 },
    aria: { enabled: false }, // the figure is hidden from screen readers; the table beside it is read
    tooltip: {
      // Drawn inside the SVG: the HTML one carries inline styles, which the CSP forbids
      renderMode: "richText", confine: true, backgroundColor: colours.raised, borderColor: colours.line,
      textStyle: { color: colours.ink, fontSize: 13 }, valueFormatter: (value) => (value == null ? "–" : say(value)),
    },
    legend: data.series?.length > 1 ? { bottom: 0, icon: "roundRect", itemWidth: 12, itemHeight: 12, textStyle: { color: colours.dim } } : undefined,
  };
  return { ...common, ...shapes[data.kind](data, colours, say, common) };
}

function axes(data, colours, say, common, lying) {
  const names = {
    type: "category", data: data.categories, axisTick: { show: false }, axisLine: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.dim, hideOverlap: true }, inverse: lying, boundaryGap: !["line", "area"].includes(data.kind),
  };
  const values = {
    type: "value", splitNumber: 4, axisLine: { show: false }, splitLine: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.dim, formatter: (value) => (data.unit === "percent" ? say(value) : short(value)) },
  };
  return {
    grid: { left: 4, right: 12, top: 12, bottom: common.legend ? 36 : 4, outerBoundsMode: "same" },
    xAxis: lying ? values : names, yAxis: lying ? names : values,
    tooltip: { ...common.tooltip, trigger: "axis", axisPointer: { type: ["line", "area"].includes(data.kind) ? "line" : "shadow", lineStyle: { color: colours.line }, shadowStyle: { color: colours.sunken, opacity: 0.5 } } },
  };
}

const bars = (data, colours, say, common) => ({
  ...axes(data, colours, say, common, data.lying),
  series: data.series.map((series, n) => ({
    type: "bar", name: series.name, stack: data.kind === "stack" ? "all" : undefined, barMaxWidth: 36,
    itemStyle: { borderRadius: data.kind === "stack" ? 0 : data.lying ? [0, 5, 5, 0] : [5, 5, 0, 0], color: colours.tone[series.tone] ?? colours.series[n % 6] },
    data: series.values.map((_, index) => point(series, index)),
  })),
});

const lines = (data, colours, say, common) => ({
  ...axes(data, colours, say, common, false),
  series: data.series.map((series, n) => {
    const colour = colours.tone[series.tone] ?? colours.series[n % 6];
    return {
      type: "line", name: series.name, smooth: 0.25, smoothMonotone: "x", showSymbol: series.values.length < 2, symbolSize: 7, lineStyle: { width: 2.5, color: colour, type: ["solid", "dashed", "dotted"][n % 3] },
      itemStyle: { color: colour }, areaStyle: data.kind === "area" ? { color: colour, opacity: 0.12 } : undefined,
      data: series.values.map((_, index) => point(series, index)),
    };
  }),
});

const shapes = {
  bar: bars, stack: bars, line: lines, area: lines,
  share: (data, colours, say, common) => ({
    tooltip: { ...common.tooltip, trigger: "item" },
    legend: { bottom: 0, icon: "circle", textStyle: { color: colours.dim } },
    series: [{ type: "pie", radius: ["52%", "76%"], center: ["50%", "44%"], label: { show: false }, itemStyle: { borderColor: colours.ground, borderWidth: 2 },
      data: data.categories.map((name, index) => ({ name, value: data.series[0].values[index], href: data.series[0].hrefs?.[index] })) }],
  }),
  funnel: (data, colours, say, common) => {
    const values = data.series[0].values;
    return {
      tooltip: { ...common.tooltip, trigger: "item" },
      series: [{ type: "funnel", sort: "none", left: 0, width: "52%", top: 4, bottom: 4, gap: 4, minSize: "4%", itemStyle: { borderWidth: 0, color: colours.series[0] },
        label: { position: "right", color: colours.ink, lineHeight: 18, formatter: ({ dataIndex, name, value }) => {
          const before = values[dataIndex - 1];
          return `{b|${name}}  ${say(value)}${before ? `\n{s|${formats.percent(value / before)}}` : ""}`;
        }, rich: { b: { fontWeight: 600, color: colours.ink }, s: { color: colours.dim, fontSize: 12 } } },
        labelLine: { length: 12, lineStyle: { color: colours.line } },
        data: data.categories.map((name, index) => ({ name, value: values[index], href: data.series[0].hrefs?.[index] })) }],
    };
  },
  heatmap: (data, colours, say, common) => ({
    grid: { left: 4, right: 4, top: 8, bottom: 4, outerBoundsMode: "same" },
    tooltip: { ...common.tooltip, trigger: "item", formatter: ({ value: [column, row, value] }) => `${data.rows[row]}, ${data.categories[column]}: ${say(value)}` },
    xAxis: { type: "category", data: data.categories, axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: colours.dim } },
    yAxis: { type: "category", data: data.rows, inverse: true, axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: colours.dim } },
    visualMap: { show: false, min: 0, max: Math.max(1, ...data.values.map((cell) => cell[2])), inRange: { color: [colours.sunken, colours.accent] } },
    series: [{ type: "heatmap", data: data.values, itemStyle: { borderColor: colours.ground, borderWidth: 2, borderRadius: 4 } }],
  }),
  sankey: (data, colours, say, common) => ({
    tooltip: { ...common.tooltip, trigger: "item" },
    series: [{ type: "sankey", left: 4, right: 96, top: 8, bottom: 8, nodeGap: 14, draggable: false, label: { color: colours.ink }, lineStyle: { color: "gradient", opacity: 0.35 },
      data: data.nodes.map((node) => ({ ...node, itemStyle: { color: colours.tone[node.tone] } })), links: data.links }],
  }),
};
