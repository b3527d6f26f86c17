"""The page's style sheet: system font, one column, tables that scroll by themselves."""

STYLE = """
body { margin: 0 auto; padding: 2.5rem 1.5rem 3rem; max-width: 84rem; background: #fff; color: #222;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.6rem; font-weight: 600; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; font-weight: 600; margin: 0 0 .75rem; overflow-wrap: anywhere; }
h2 .verdict { font-size: .9375rem; margin-left: .4em; }
h3 { font-size: 1rem; font-weight: 600; margin: 1.75rem 0 .5rem; }
p { margin: .5rem 0; max-width: 48rem; }
a { color: #0b5394; text-decoration: none; } a:hover { text-decoration: underline; }
section { border-top: 1px solid #ddd; margin-top: 2.5rem; padding-top: 1.75rem; }
.headline { font-size: 1.1rem; max-width: none; overflow-wrap: anywhere; }
.quiet, figcaption { color: #666; font-size: .875rem; }
.scroll { overflow-x: auto; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1rem 2.5rem; }
.columns > * { min-width: 0; }
table { border-collapse: collapse; font-size: .8125rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .75rem .3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #eee; }
thead th { color: #666; font-weight: 500; border-bottom-color: #bbb; white-space: nowrap; }
tbody th { font-weight: 500; color: #666; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
.name { min-width: 15rem; } .words { min-width: 11rem; } .short { white-space: nowrap; }
caption { text-align: left; font-size: .875rem; padding-bottom: .25rem; }
caption b { font-weight: 600; }
.verdict { white-space: nowrap; font-weight: 600; }
.passed { color: #176b2c; } .failed { color: #b3261e; } .not-applicable { color: #777; font-weight: 400; }
.not-certified { color: #8a5a00; }
figure { margin: 1.5rem 0; } figure img { display: block; max-width: 100%; height: auto; }
figcaption { max-width: 48rem; margin-top: .5rem; }
footer { border-top: 1px solid #ddd; margin-top: 3rem; padding-top: 1rem; color: #666; font-size: .8125rem; }
@media print { body { max-width: none; padding: 0; } .scroll { overflow: visible; } table { font-size: .55rem; }
  section { break-inside: auto; } }
"""
