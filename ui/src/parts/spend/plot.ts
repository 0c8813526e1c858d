// The plot of the bars: uPlot for scales, axes and the pointer; the bars and the band are drawn here, because
// stacks with gaps are not one of its kinds. Loaded only when a chart is shown. Colours are read from the tokens at
// each drawing, so that a change of theme needs one redraw.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export type Plotted = {
  /** Which bars are named on the axis, and how. */
  names: { at: number; text: string }[];
  /** The grid lines, zero first. */
  ticks: { micros: number; text: string }[];
  /** One list for each series, one amount for each bar. */
  series: { colour: number; micros: number[] }[];
  /** The likely range of the days to come, from this bar on. */
  band?: { from: number; low: number; high: number; label: string };
};

export type Plot = { redraw(): void; end(): void };

const HEIGHT = 192;
const BAR = 12;
const GAP = 1;
const THIN = 3;

/** Draws into an element; `pointed` hears over which bar the pointer is, and how far from the left its middle is. */
export function plot(into: HTMLElement, of: Plotted, pointed: (at: number | undefined, left: number) => void): Plot {
  const count = of.series[0]?.micros.length ?? 0;
  const totals = Array.from({ length: count }, (_, i) => of.series.reduce((sum, one) => sum + one.micros[i]!, 0));
  const top = Math.max(...totals, of.band?.high ?? 0, of.ticks.at(-1)?.micros ?? 0, 1) * 1.06;
  const font = `11px ${token("--font-ui")}`;
  const axis = { stroke: () => token("--ink-3"), font, ticks: { show: false } };

  const chart = new uPlot(
    {
      width: Math.max(120, into.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      scales: { x: { time: false, range: () => [-0.5, count - 0.5] }, y: { range: () => [0, top] } },
      series: [{}, { paths: () => null, points: { show: false } }],
      axes: [
        { ...axis, side: 2, size: 26, gap: 8, grid: { show: false }, splits: () => of.names.map((name) => name.at), values: () => of.names.map((name) => name.text) },
        {
          ...axis, side: 3, gap: 8, size: () => 14 + Math.max(...of.ticks.map((tick) => tick.text.length)) * 6.5,
          grid: { stroke: () => token("--chart-grid"), width: 1 },
          splits: () => of.ticks.map((tick) => tick.micros), values: () => of.ticks.map((tick) => tick.text),
        },
      ],
      cursor: { x: true, y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
      hooks: {
        draw: [(u) => draw(u, of)],
        setCursor: [
          (u) => {
            const at = u.cursor.idx;
            const inside = (u.cursor.left ?? -1) >= 0 && typeof at === "number" && at >= 0 && at < count;
            pointed(inside ? at : undefined, inside ? u.valToPos(at, "x") + u.over.offsetLeft : 0);
          },
        ],
      },
    },
    [Array.from({ length: count }, (_, i) => i), totals],
    into,
  );

  const redraw = () => chart.redraw(false, true);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = new MutationObserver(redraw);
  const size = new ResizeObserver(() => {
    if (into.clientWidth > 0 && into.clientWidth !== chart.width) chart.setSize({ width: into.clientWidth, height: HEIGHT });
  });
  dark.addEventListener("change", redraw);
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  size.observe(into);

  return {
    redraw,
    end() {
      dark.removeEventListener("change", redraw);
      chosen.disconnect();
      size.disconnect();
      chart.destroy();
    },
  };
}

function draw(u: uPlot, of: Plotted): void {
  const { ctx } = u;
  const px = uPlot.pxRatio;
  const y = (micros: number) => u.valToPos(micros, "y", true);
  const slot = u.valToPos(1, "x", true) - u.valToPos(0, "x", true);
  const wide = Math.max(px, Math.min(BAR * px, slot - 2 * px));
  ctx.save();
  if (of.band) band(u, of.band, slot);
  const zero = y(0);
  of.series[0]?.micros.forEach((_, at) => {
    const left = Math.round(u.valToPos(at, "x", true) - wide / 2);
    let from = zero;
    for (const one of of.series) {
      const micros = one.micros[at]!;
      if (micros <= 0) continue;
      const high = zero - y(micros);
      // A hairline between two pieces, where they are thick enough to have one; the thinnest still shows.
      const gap = high > THIN * px ? GAP * px : 0;
      const shown = Math.max(px, high - gap);
      ctx.fillStyle = token(`--chart-${one.colour}`);
      ctx.beginPath();
      ctx.roundRect(left, from - shown, wide, shown, Math.min(px, shown / 2));
      ctx.fill();
      from -= shown + gap;
    }
  });
  ctx.fillStyle = token("--line-strong");
  ctx.fillRect(u.bbox.left, Math.round(zero), u.bbox.width, px);
  ctx.restore();
}

function band(u: uPlot, of: NonNullable<Plotted["band"]>, slot: number): void {
  const { ctx } = u;
  const px = uPlot.pxRatio;
  const left = u.valToPos(of.from, "x", true) - slot / 2 + 2 * px;
  const right = u.bbox.left + u.bbox.width;
  const high = u.valToPos(of.high, "y", true);
  const tall = Math.max(3 * px, u.valToPos(of.low, "y", true) - high);
  ctx.fillStyle = token("--accent-soft");
  ctx.beginPath();
  ctx.roundRect(left, high, right - left, tall, 3 * px);
  ctx.fill();
  ctx.font = `${11 * px}px ${token("--font-ui")}`;
  if (ctx.measureText(of.label).width > right - left) return;
  ctx.fillStyle = token("--ink-3");
  ctx.textAlign = "center";
  ctx.textBaseline = "alphabetic";
  ctx.fillText(of.label, (left + right) / 2, high - 6 * px);
}

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
