"""The page's style: no font, script or picture from elsewhere; light and dark by the reader's own setting.

Colours are Okabe and Ito's, which people with a colour weakness tell apart; each also has a dash or a shape.
"""

STYLE = """
:root { color-scheme: light dark; --ground: #ffffff; --card: #f5f6f7; --ink: #1b1f24; --soft: #5a6470;
  --rule: #d5d9de; --before: #d55e00; --after: #0072b2; --other: #6b7480; --good: #007a5a; --bad: #d55e00;
  --open: #6b7480; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171a; --card: #1e2327; --ink: #eceff1;
  --soft: #a9b3bd; --rule: #39414a; --before: #e69f00; --after: #56b4e9; --other: #a9b3bd; --good: #2fc79a;
  --bad: #e69f00; --open: #a9b3bd; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); line-height: 1.5;
  font-family: system-ui, "Noto Sans", "Noto Sans CJK JP", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; }
p { margin: .3rem 0 .6rem; max-width: 46rem; } .soft { color: var(--soft); }
.verdict { border: 2px solid var(--rule); border-radius: 8px; padding: .8rem 1rem; margin: 1rem 0; }
.verdict strong { font-size: 1.2rem; } .verdict.helps { border-color: var(--good); }
.verdict.harms { border-color: var(--bad); border-style: double; border-width: 4px; }
.verdict.none, .verdict.not-proven { border-style: dashed; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: .8rem; }
.card { background: var(--card); border-radius: 8px; padding: .8rem 1rem; }
.card h2 { margin: 0; font-size: .95rem; color: var(--soft); font-weight: 600; }
.card .big { font-size: 1.7rem; font-weight: 650; margin: .1rem 0; font-variant-numeric: tabular-nums; }
.card p { margin: .2rem 0; font-size: .92rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0 1rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; } th { color: var(--soft); font-weight: 600; white-space: nowrap; }
.trends { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 0 1.2rem; }
.trends > div { min-width: 0; }
svg.chart { width: 100%; min-width: 26rem; max-width: 48rem; height: auto; display: block; }
svg text { fill: var(--ink); font-size: 12.5px; paint-order: stroke; stroke: var(--ground);
  stroke-width: 3px; stroke-linejoin: round; }
 svg .tick { fill: var(--soft); } svg .title { fill: var(--soft); }
svg .axis { stroke: var(--soft); stroke-width: 1; } svg .grid { stroke: var(--rule); stroke-width: .7; }
svg .join { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 2; }
svg .centre { stroke: var(--ink); stroke-width: 1.4; } svg .limit { stroke: var(--soft); stroke-dasharray: 7 4; }
svg .line { fill: none; stroke-width: 2.2; } svg .line.before { stroke-dasharray: 7 4; }
svg .line.other { stroke-dasharray: 2 3; } svg .line.whole { stroke-dasharray: none; stroke-width: 1.6; }
svg .band { opacity: .2; stroke: none; }
svg .line.before { stroke: var(--before); } svg .line.after { stroke: var(--after); }
svg .line.other { stroke: var(--other); } svg .line.better { stroke: var(--good); }
svg .line.worse { stroke: var(--bad); } svg .line.open { stroke: var(--open); }
svg .before { fill: var(--before); } svg .after { fill: var(--after); } svg .other { fill: var(--other); }
svg .better { fill: var(--good); } svg .worse { fill: var(--bad); } svg .open { fill: var(--open); }
svg .line.before, svg .line.after, svg .line.other, svg .line.better, svg .line.worse, svg .line.open
  { fill: none; }
svg .bar.total { fill: var(--after); } svg .bar.low { fill: var(--before); } svg .bar.high { fill: var(--after); }
svg .bar.worse { fill-opacity: .55; stroke: var(--bad); stroke-width: 1.4; stroke-dasharray: 3 2; }
.legend { list-style: none; padding: 0; margin: .2rem 0 .8rem; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem;
  font-size: .9rem; } .legend .key { width: 34px; height: 10px; margin-right: .4rem; vertical-align: middle; }
.swatch { display: inline-block; width: .9em; height: .9em; vertical-align: -.1em; margin-right: .3em; }
.swatch.low { background: var(--before); } .swatch.high { background: var(--after); }
@media print { main { max-width: none; } h2 { break-after: avoid; } svg.chart { break-inside: avoid; } }
"""
