// Dashboards only: draws <div data-chart="id of a json_script">. The figures also stand in a table beside it.
import * as echarts from "echarts/core";
import { BarChart, FunnelChart, HeatmapChart, LineChart, PieChart, SankeyChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";
import russian from "echarts/lib/i18n/langRU.js";
import { language } from "./format.js";
import { mount } from "./mount.js";
import { options } from "./charts/options.js";

echarts.use([BarChart, FunnelChart, HeatmapChart, LineChart, PieChart, SankeyChart, AriaComponent, GridComponent,
  LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent, SVGRenderer]);
echarts.registerLocale("RU", russian);

mount("[data-chart]", (box) => {
  const data = JSON.parse(document.getElementById(box.dataset.chart).textContent);
  let chart;
  const draw = () => {
    chart?.dispose(); // colours are read afresh: the theme may have changed
    chart = echarts.init(box, null, { renderer: "svg", locale: language().startsWith("ru") ? "RU" : "EN" });
    chart.setOption(options(data, box));
    chart.on("click", ({ data: point }) => point?.href && location.assign(point.href));
  };
  draw();
  document.addEventListener("theme", () => box.isConnected && draw());
  new ResizeObserver(() => chart.resize({ animation: { duration: 0 } })).observe(box);
});
