// The style sheet of the reports. Label colours follow Okabe and Ito's palette for colour-blind readers, tuned for
// contrast on white and on black; no meaning hangs on colour alone.
#include "apps/report/html.h"

namespace apps {

std::string_view report_style() {
  return R"css(
:root {
  --paper: #faf9f6; --card: #ffffff; --ink: #1c2024; --soft: #626a73; --rule: #e3e0d9; --faint: #f1efea;
  --accent: #1f56a8; --warm: #b4480e; --note: #fdf3e1; --note-rule: #e5b35a;
  --any: #23282e; --epidural: #d98e04; --intraparenchymal: #0b6cb0; --intraventricular: #0a8a6a;
  --subarachnoid: #b4568f; --subdural: #c4480a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #121518; --card: #1a1e22; --ink: #e8e5df; --soft: #9aa3ad; --rule: #2d3339; --faint: #22272c;
    --accent: #7db0f5; --warm: #f0935a; --note: #2a2415; --note-rule: #8a6a26;
    --any: #e8e5df; --epidural: #f2b441; --intraparenchymal: #5db3ee; --intraventricular: #3cc79c;
    --subarachnoid: #e29ac6; --subdural: #f47f45;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.55 Inter, "Helvetica Neue", "Segoe UI", system-ui, "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; -webkit-font-smoothing: antialiased;
}
main { max-width: 1080px; margin: 0 auto; padding: 3.5rem 2rem 3rem; }
header { margin-bottom: 2.2rem; }
h1 { font-size: 2.1rem; line-height: 1.15; letter-spacing: -0.022em; font-weight: 650; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.18rem; letter-spacing: -0.01em; font-weight: 650; margin: 0 0 0.9rem; }
h2:has(+ .explanation) { margin-bottom: 0.2rem; }
summary h2 { margin: 0; }
h3 { font-size: 0.92rem; font-weight: 600; margin: 0; }
.kind { margin: 0 0 0.6rem; font-size: 0.8rem; letter-spacing: 0.06em; text-transform: uppercase; color: var(--soft); }
.kind span { color: var(--accent); font-weight: 700; margin-right: 0.45em; }
.subtitle { margin: 0.55rem 0 0; color: var(--soft); max-width: 46rem; overflow-wrap: anywhere; }
section { margin: 3rem 0 0; }
.explanation { text-wrap: pretty; margin: 0 0 1.1rem; color: var(--soft); max-width: 50rem; }
code { font: 0.86em/1.4 "JetBrains Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
footer { margin-top: 4rem; padding-top: 1.1rem; border-top: 1px solid var(--rule); color: var(--soft); font-size: 0.85rem; }

.card, .tile { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
.card { padding: 1rem 1.1rem 0.8rem; min-width: 0; }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); }
.grid.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 16.5rem), 1fr)); }
.tiles { display: grid; gap: 1rem; grid-template-columns: repeat(4, minmax(0, 1fr)); }
.tile { padding: 0.85rem 1.1rem 0.9rem; display: flex; flex-direction: column; }
.tile span { color: var(--soft); font-size: 0.82rem; }
.tile strong { font-size: 1.75rem; line-height: 1.3; letter-spacing: -0.02em; font-weight: 620; }
.tile small { color: var(--soft); font-size: 0.82rem; }
.warnings { margin-top: 1.4rem; padding: 0.8rem 1.1rem; background: var(--note); border: 1px solid var(--note-rule); border-radius: 10px; }
.warnings ul { margin: 0.2rem 0 0; padding-left: 1.1rem; }

figure { margin: 0; }
.chart h3 { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 0.8rem; margin-bottom: 0.5rem; }
.chart h3 small { font-weight: 400; color: var(--soft); font-size: 0.82rem; white-space: nowrap; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { font: 11px Inter, "Helvetica Neue", "Segoe UI", system-ui, "DejaVu Sans", sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums; }
svg text.end { font-weight: 600; }
.gridline { stroke: var(--rule); stroke-width: 1; }
.baseline { stroke: var(--soft); stroke-width: 1; }
.chance { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 4; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.line.dashed { stroke-dasharray: 5 5; stroke-width: 1.6; }

table { border-collapse: collapse; width: 100%; background: var(--card); }
.scroll { overflow-x: auto; border: 1px solid var(--rule); border-radius: 10px; background: var(--card); }
th, td { padding: 0.5rem 0.9rem; text-align: right; white-space: nowrap; border-top: 1px solid var(--rule); }
th { font-weight: 500; font-size: 0.82rem; color: var(--soft); }
thead th { border-top: 0; }
table.wide :is(th, td) { padding-left: 0.5rem; padding-right: 0.5rem; }
table.wide :is(th, td):first-child { padding-left: 0.9rem; }
table.wide :is(th, td):last-child { padding-right: 0.9rem; }
td:first-child code { white-space: normal; display: inline-block; min-width: 9.5rem; max-width: 22rem; }
th:first-child, td:first-child { text-align: left; }
tr.mean td { font-weight: 600; border-top-color: var(--soft); }
tr.mean + tr.mean td { border-top-color: var(--rule); }
.swatch { display: inline-block; width: 0.7em; height: 0.7em; border-radius: 2px; margin-right: 0.55em; vertical-align: baseline; }
.gain { display: inline-flex; align-items: center; gap: 0.6rem; justify-content: flex-end; }
.gain i { display: block; height: 6px; width: 5.5rem; background: var(--faint); border-radius: 3px; overflow: hidden; }
.gain i b { display: block; height: 100%; background: var(--accent); border-radius: 3px; }
.gain.worse i b { margin-left: auto; background: var(--warm); }
.worse { color: var(--warm); }

.picture { position: relative; background: #000; border-radius: 8px; overflow: hidden; aspect-ratio: 1; }
.picture img { display: block; width: 100%; height: 100%; object-fit: contain; }
.picture img.heatmap { position: absolute; inset: 0; mix-blend-mode: screen; }
.picture .badge { position: absolute; left: 0.5rem; top: 0.5rem; background: rgba(0, 0, 0, 0.62); color: #fff; border-radius: 5px; padding: 0.05rem 0.45rem; font-size: 0.78rem; }
figcaption { margin-top: 0.6rem; font-size: 0.84rem; }
figcaption .id { display: flex; justify-content: space-between; gap: 0.6rem; color: var(--soft); margin-bottom: 0.3rem; }
.bars { list-style: none; margin: 0; padding: 0; font-size: 0.82rem; }
.bars li { display: grid; grid-template-columns: 8.2rem 1fr 2.6rem; align-items: center; gap: 0.6rem; line-height: 1.75; }
.bars li.known { grid-template-columns: 8.2rem 1fr 2.6rem 1.6rem; }
.bars i { display: block; height: 6px; background: var(--faint); border-radius: 3px; overflow: hidden; }
.bars i b { display: block; height: 100%; border-radius: 3px; }
.bars span:nth-of-type(2) { text-align: right; }
.bars .truth { text-align: center; color: var(--soft); }
.bars .truth.yes { color: var(--ink); font-weight: 700; }

.configuration { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); column-gap: 2.5rem; margin: 0; font-size: 0.88rem; }
.configuration div { display: flex; justify-content: space-between; gap: 1.2rem; padding: 0.35rem 0; border-bottom: 1px solid var(--rule); }
.configuration dt { color: var(--soft); }
.configuration dd { margin: 0; text-align: right; overflow-wrap: anywhere; }

.study { margin-top: 1.4rem; padding: 1.3rem 1.4rem 1.4rem; }
.study > summary { cursor: pointer; list-style: none; display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.2rem 1.2rem; align-items: baseline; }
.study > summary::-webkit-details-marker { display: none; }
.study > summary .any { font-size: 1.3rem; font-weight: 620; }
.study > summary .any small { font-size: 0.82rem; font-weight: 400; color: var(--soft); }
.study > summary h2 { overflow-wrap: anywhere; font-size: 1.05rem; }
.study .meta { color: var(--soft); font-size: 0.84rem; margin: 0.1rem 0 1rem; overflow-wrap: anywhere; }
.study > .scroll { margin: 1.4rem 0 0.6rem; }
.study .columns .bars { display: grid; grid-auto-flow: column; grid-template-rows: repeat(3, auto); grid-auto-columns: minmax(0, 1fr); column-gap: 3rem; }
.series { margin-top: 1.5rem; padding-top: 1.2rem; border-top: 1px solid var(--rule); }
.series h3 { overflow-wrap: anywhere; }
.flag { display: inline-block; border: 1px solid var(--rule); border-radius: 999px; padding: 0 0.6rem; font-size: 0.78rem; color: var(--soft); margin-left: 0.4rem; font-weight: 400; }
.strip { display: grid; grid-template-columns: auto minmax(0, calc(var(--slices) * 2.5rem)); justify-content: start; gap: 3px 0.8rem; margin: 0.9rem 0 0.3rem; font-size: 0.78rem; color: var(--soft); align-items: center; }
.strip svg { shape-rendering: crispEdges; height: 13px; background: var(--faint); border-radius: 2px; }
.strip svg.bars-any { height: 64px; border-bottom: 1px solid var(--soft); border-radius: 2px 2px 0 0; }
.strip .axis { gap: 0.6rem; display: flex; justify-content: space-between; width: max-content; min-width: 100%; }
.strip .marks { position: relative; height: 1.25rem; }
.strip .marks b { position: absolute; transform: translateX(-50%); color: var(--ink); font-weight: 600; font-size: 0.76rem; line-height: 1; white-space: nowrap; }
.strip .marks b::before { content: ""; position: absolute; left: 50%; top: 1rem; border: 3px solid transparent; border-top: 4px solid var(--ink); border-bottom: 0; transform: translateX(-50%); }
.thumbnails { display: grid; gap: 1rem; grid-template-columns: repeat(4, minmax(0, 1fr)); margin-top: 1.1rem; }

@media (max-width: 1000px) {
  .thumbnails .id { flex-direction: column; gap: 0; }
  .thumbnails .bars { font-size: 0.74rem; }
  .thumbnails .bars li { grid-template-columns: minmax(0, 1fr) 1.9rem; gap: 0.3rem; }
  .thumbnails .bars i { display: none; }
}
@media (max-width: 760px) {
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.7rem; }
}
@media (max-width: 640px) {
  main { padding: 1.8rem 1rem 2rem; }
  h1 { font-size: 1.6rem; }
  section { margin-top: 2.2rem; }
  .tile { padding: 0.7rem 0.8rem; }
  .tile strong { font-size: 1.4rem; }
  th, td { padding: 0.45rem 0.6rem; }
  .gain i { display: none; }
  .study { padding: 1rem; }
  .study .columns .bars { grid-auto-flow: row; grid-template-rows: none; }
  .thumbnails { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.8rem; }
  .strip .wide { display: none; }
  .strip { column-gap: 0.5rem; font-size: 0.72rem; }
  .strip .axis { white-space: nowrap; }
}
@media print {
  :root {
    --paper: #fff; --card: #fff; --ink: #000; --soft: #555; --rule: #ddd; --faint: #eee; --accent: #1f56a8; --warm: #b4480e;
    --note: #fff; --note-rule: #999; --any: #23282e; --epidural: #d98e04; --intraparenchymal: #0b6cb0;
    --intraventricular: #0a8a6a; --subarachnoid: #b4568f; --subdural: #c4480a;
  }
  html { font-size: 11px; }
  body { font-size: 11px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  section { margin-top: 2rem; }
  .tiles { grid-template-columns: repeat(4, minmax(0, 1fr)); }
  .grid { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .grid.small { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .thumbnails { grid-template-columns: repeat(4, minmax(0, 1fr)); }
  .scroll { overflow: visible; }
  th, td { padding: 0.45rem 0.6rem; }
  section, figure, .card, .tile, tr, .explanation, .strip, .configuration div { break-inside: avoid; }
  section:has(.study) { break-inside: auto; }
  .study { box-decoration-break: clone; -webkit-box-decoration-break: clone; }
  h2, h3, .explanation { break-after: avoid; }
}
)css";
}

}  // namespace apps
