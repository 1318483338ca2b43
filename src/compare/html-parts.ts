/** What is the same in every page: its style, and the script that draws. */

export const STYLE = `
:root { color-scheme: light dark; --bg: #fff; --fg: #1b1f24; --soft: #667080; --line: #dfe3e8; --card: #f6f7f9;
  --equal: #4c9f70; --changed: #e0912f; --here: #3f7fd1; --there: #9a5fc0; }
@media (prefers-color-scheme: dark) { :root { --bg: #14171b; --fg: #e4e7eb; --soft: #939ca8; --line: #2d333b; --card: #1c2026;
  --equal: #58b883; --changed: #eda24a; --here: #5b9bea; --there: #b67fdb; } }
* { box-sizing: border-box }
body { margin: 0; background: var(--bg); color: var(--fg); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 1080px; margin: 0 auto; padding: 32px 24px 64px }
h1 { font-size: 24px; margin: 0; overflow-wrap: anywhere } h2 { font-size: 18px; margin: 40px 0 8px } h3 { font-size: 15px; margin: 0 0 12px; display: flex; gap: 12px; align-items: baseline; flex-wrap: wrap }
h3 small, .sub { color: var(--soft); font-weight: normal; margin: 4px 0 0 }
.bar { display: flex; gap: 2px; height: 18px; border-radius: 6px; overflow: hidden; margin: 24px 0 16px } .bar span { min-width: 3px; flex-basis: 0 }
.equal { background: var(--equal) } .changed { background: var(--changed) } .here { background: var(--here) } .there { background: var(--there) }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 12px }
.card { position: relative; background: var(--card); border-radius: 8px; padding: 12px 14px 12px 20px; overflow: hidden; overflow-wrap: anywhere; font-size: 13px; color: var(--soft) }
.card i { position: absolute; inset: 0 auto 0 0; width: 6px } .card strong { font-size: 24px; color: var(--fg); margin-right: 8px } .card em { font-style: normal }
.sides { color: var(--soft); padding-left: 18px; margin: 16px 0 0 }
section { border: 1px solid var(--line); border-radius: 10px; padding: 16px; margin: 16px 0 }
.stats { display: grid; grid-template-columns: repeat(auto-fit, minmax(88px, 1fr)); gap: 8px; margin-bottom: 12px } .stats div { display: flex; flex-direction: column }
.stats span { color: var(--soft); font-size: 12px } .stats b { font-variant-numeric: tabular-nums; font-weight: 600 }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 16px } figure { margin: 0; min-width: 0 } figcaption { color: var(--soft); font-size: 12px; margin-bottom: 4px }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums }
th, td { text-align: left; vertical-align: top; padding: 6px 10px; border-bottom: 1px solid var(--line); overflow-wrap: anywhere } th { color: var(--soft); font-weight: 600; white-space: nowrap }
code { font: 13px ui-monospace, monospace } .none { color: var(--soft); font-style: italic }
.uplot, .u-title { font-family: inherit } .u-legend { font-size: 12px; text-align: left } .u-legend .u-marker { border-radius: 2px }
`;

/** Draws `drawn`, an array of distributions with their paths, by uPlot; again when the page is resized. */
export const PLOTS = `
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const text = (v) => v === null || v === undefined ? '–' : v.toLocaleString('en-US', { maximumFractionDigits: Math.abs(v) >= 1000 ? 0 : Math.abs(v) >= 1 ? 2 : 6 });
const axis = (over) => ({ stroke: color('--soft'), grid: { stroke: color('--line'), width: 1 }, ticks: { stroke: color('--line') }, values: (u, vs) => vs.map(text), ...over });
function histogram(target, { histogram: { width, bars } }) {
  const data = [bars.map(({ from }) => from + width / 2), bars.map(({ count }) => count)];
  return new uPlot({
    width: target.clientWidth, height: 240,
    scales: { x: { time: false, range: [bars[0].from - width / 2, bars.at(-1).from + width * 1.5] }, y: { range: (u, min, max) => [0, max * 1.05] } },
    axes: [axis({ label: 'there − here', labelSize: 20, labelFont: '12px system-ui', font: '12px system-ui' }), axis({ size: 60, font: '12px system-ui' })],
    series: [{ label: 'difference', value: (u, v) => v === null ? '–' : text(v - width / 2) + ' … ' + text(v + width / 2) },
      { label: 'rows', fill: color('--changed'), stroke: color('--changed'), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.92, 100] }), value: (u, v) => text(v) }],
  }, data, target);
}
function pairs(target, { pairs }) {
  const sorted = [...pairs].sort((a, b) => a[0] - b[0]);
  const data = [sorted.map(([here]) => here), sorted.map(([, there]) => there), sorted.map(([here]) => here)];
  return new uPlot({
    width: target.clientWidth, height: 240, scales: { x: { time: false } },
    axes: [axis({ label: 'here', labelSize: 20, labelFont: '12px system-ui', font: '12px system-ui' }), axis({ size: 60, font: '12px system-ui' })],
    series: [{ label: 'here', value: (u, v) => text(v) },
      { label: 'there', stroke: color('--there'), paths: () => null, points: { show: true, size: 4, width: 0, fill: color('--there') }, value: (u, v) => text(v) },
      { label: 'equal', stroke: color('--soft'), width: 1, dash: [4, 4], points: { show: false }, value: (u, v) => text(v) }],
  }, data, target);
}
let plots = [];
function draw() {
  for (const plot of plots) plot.destroy();
  plots = drawn.flatMap((field, index) => [
    histogram(document.getElementById('histogram-' + index), field),
    pairs(document.getElementById('pairs-' + index), field),
  ]);
}
draw();
let waiting;
addEventListener('resize', () => { clearTimeout(waiting); waiting = setTimeout(draw, 150); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
`;
