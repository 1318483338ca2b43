/** The report as one page that needs nothing else: numbers, plots, examples. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { stringifyJson } from '../serde/json-text.js';
import type { Distribution } from './difference-distribution.js';
import { PLOTS, STYLE } from './html-parts.js';
import type { ChangedRow, CompareReport, FieldReport } from './report.js';
import type { Row } from './side.js';

/** Numeric fields that are drawn, at most: those that differ most often. */
const DRAWN = 12;

/**
 * A page with the report: self-contained, without network, light or dark as the reader has it.
 *
 * @example
 * await writeFile('report.html', compareHtml(await compare(live, replayed)));
 */
export function compareHtml(report: CompareReport): string {
  const drawn = numericFields(report).slice(0, DRAWN);
  const title = `${report.here.topic} ↔ ${report.there.topic}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${library('uPlot.min.css')}
${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p class="sub">Joined by ${escaped(report.joinedBy === 'key' ? 'key, the latest record of each' : `key and ${report.joinedBy}`)}${
    report.tolerance > 0 ? ` · numbers equal within ${report.tolerance}` : ''
  }${report.ignored.length > 0 ? ` · without ${escaped(report.ignored.join(', '))}` : ''}</p>
${summary(report)}
${drawn.length === 0 ? '' : `<h2>Numbers</h2>\n<p class="sub">A difference is <b>there − here</b>, over the rows that both topics have.</p>`}
${drawn.map(([path, field], index) => numericField(path, field.difference!, field.changed, report.joined, index)).join('\n')}
${fieldTable(report)}
${examples(report)}
</main>
<script>${library('uPlot.iife.min.js')}</script>
<script>const drawn = ${embedded(drawn.map(([path, { difference }]) => ({ path, ...difference })))};
${PLOTS}</script>
</body>
</html>
`;
}

type NumericField = readonly [path: string, field: FieldReport];

/** Those that differ, first. A field that is the same everywhere has nothing to be drawn. */
function numericFields({ fields }: CompareReport): readonly NumericField[] {
  return Object.entries(fields).filter(([, { difference }]) => difference !== undefined && difference.maxAbsolute > 0);
}

function summary(report: CompareReport): string {
  const rows = report.joined + report.onlyHere + report.onlyThere;
  const kinds = [
    ['equal', 'Equal', report.equal],
    ['changed', 'Changed', report.changed],
    ['here', `Only in ${report.here.topic}`, report.onlyHere],
    ['there', `Only in ${report.there.topic}`, report.onlyThere],
  ] as const;
  const bar = kinds
    .filter(([, , count]) => count > 0)
    .map(([kind, , count]) => `<span class="${kind}" style="flex-grow:${count}"></span>`)
    .join('');
  const cards = kinds.map(
    ([kind, name, count]) =>
      `<div class="card"><i class="${kind}"></i><div>${escaped(name)}</div><strong>${whole(count)}</strong><em>${percent(count, rows)}</em></div>`,
  );
  const sides = [report.here, report.there].map(
    ({ topic, records, replaced, unjoined }) =>
      `<li><code>${escaped(topic)}</code>: ${whole(records)} records read${
        replaced > 0 ? `, ${whole(replaced)} replaced by later ones` : ''
      }${unjoined > 0 ? `, ${whole(unjoined)} without a key or position` : ''}</li>`,
  );
  return `<div class="bar" role="img" aria-label="${whole(report.equal)} of ${whole(rows)} rows are equal">${bar}</div>
<div class="cards">${cards.join('')}</div>
<ul class="sides">${sides.join('')}</ul>`;
}

function numericField(path: string, difference: Distribution, changed: number, joined: number, index: number): string {
  const { percentiles: p } = difference;
  const cells = [
    ['mean', difference.mean],
    ['mean |d|', difference.meanAbsolute],
    ['min', difference.min],
    ['p5', p.p5],
    ['p25', p.p25],
    ['median', difference.median],
    ['p75', p.p75],
    ['p95', p.p95],
    ['max', difference.max],
  ] as const;
  const sampled = difference.percentilesAre === 'sampled' ? ' · percentiles of a sample of 100,000' : '';
  return `<section>
<h3><code>${escaped(path)}</code><small>${whole(changed)} of ${whole(joined)} differ (${percent(changed, joined)})${sampled}</small></h3>
<div class="stats">${cells.map(([name, value]) => `<div><span>${name}</span><b>${number(value)}</b></div>`).join('')}</div>
<div class="plots"><figure><figcaption>How much: rows by difference</figcaption><div id="histogram-${index}"></div></figure>
<figure><figcaption>Where: there against here${difference.pairs.length < difference.count ? `, ${whole(difference.pairs.length)} of ${whole(difference.count)} rows` : ''}</figcaption><div id="pairs-${index}"></div></figure></div>
</section>`;
}

function fieldTable({ fields, joined }: CompareReport): string {
  const rows = Object.entries(fields).map(
    ([path, { changed, difference }]) =>
      `<tr><td><code>${escaped(path)}</code></td><td>${whole(changed)}</td><td>${percent(changed, joined)}</td><td>${
        difference === undefined ? '' : number(difference.median)
      }</td><td>${difference === undefined ? '' : number(difference.maxAbsolute)}</td></tr>`,
  );
  if (rows.length === 0) return '';
  return `<h2>Fields</h2>
<div class="wide"><table><thead><tr><th>field</th><th>rows that differ</th><th>share</th><th>median difference</th><th>largest |difference|</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function examples({ examples: { changed, onlyHere, onlyThere }, here, there }: CompareReport): string {
  const parts: string[] = [];
  if (changed.length > 0) {
    parts.push(`<h2>Changed, the first ${changed.length}</h2>
<div class="wide"><table><thead><tr><th>key</th><th>field</th><th>here</th><th>there</th><th>offsets</th></tr></thead><tbody>${changed.map(changedRow).join('')}</tbody></table></div>`);
  }
  for (const [name, rows] of [
    [here.topic, onlyHere],
    [there.topic, onlyThere],
  ] as const) {
    if (rows.length === 0) continue;
    parts.push(`<h2>Only in ${escaped(name)}, the first ${rows.length}</h2>
<div class="wide"><table><thead><tr><th>key</th><th>value</th><th>time</th><th>offset</th></tr></thead><tbody>${rows.map(onlyRow).join('')}</tbody></table></div>`);
  }
  return parts.join('\n');
}

function changedRow({ key, fields, here, there }: ChangedRow): string {
  const entries = Object.entries(fields);
  return entries
    .map(([path, pair], index) => {
      const first = index === 0;
      const span = `rowspan="${entries.length}"`;
      return `<tr>${first ? `<td ${span}><code>${shown(key)}</code></td>` : ''}<td><code>${escaped(path)}</code></td><td>${shown(pair.here)}</td><td>${shown(pair.there)}</td>${
        first ? `<td ${span}>${here.partition}@${here.offset} · ${there.partition}@${there.offset}</td>` : ''
      }</tr>`;
    })
    .join('');
}

function onlyRow({ key, value, timestamp, partition, offset }: Row): string {
  return `<tr><td><code>${shown(key)}</code></td><td><code>${shown(value)}</code></td><td>${new Date(timestamp).toISOString()}</td><td>${partition}@${offset}</td></tr>`;
}

function shown(value: unknown): string {
  if (value === undefined) return '<span class="none">none</span>';
  const text = typeof value === 'string' ? value : stringifyJson(value);
  return escaped(text.length > 400 ? `${text.slice(0, 400)}…` : text);
}

function number(value: number): string {
  const digits = Math.abs(value) >= 1_000 ? 0 : Math.abs(value) >= 1 ? 2 : 4;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

function whole(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(count: number, of: number): string {
  if (of === 0) return '–';
  const share = (count / of) * 100;
  return share > 0 && share < 0.01 ? '<0.01 %' : `${share.toFixed(share < 10 && share > 0 ? 2 : 1)} %`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
}

/** JSON in a script: nothing in it can end the script. */
function embedded(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}

function library(file: string): string {
  return readFileSync(createRequire(import.meta.url).resolve(`uplot/dist/${file}`), 'utf8').trim();
}
