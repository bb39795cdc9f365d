"""The style sheet of the page: light and dark on a screen, black on white on A4; nothing is said by colour alone."""

CSS = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1c2430;--faint:#5b6675;--rule:#d9dee5;--wash:#f5f7f9;--accent:#1f4e79;
--allowed:#9db7d1;--watched:#f0c05a;--redacted:#4f9d8f;--refused:#b3362b;--failed:#c9ced6;--gateway:#1f4e79;--whole:#c7d6e5;
--mark:#1c2430;--dot:#fff}
@media (prefers-color-scheme:dark){:root{--paper:#12171e;--ink:#e4e9ef;--faint:#9aa6b4;--rule:#2d3743;--wash:#1a212a;
--accent:#8ab8e6;--allowed:#4d6a88;--watched:#b98a2c;--redacted:#3f8d80;--refused:#d9665b;--failed:#55606d;--gateway:#8ab8e6;
--whole:#34495e;--mark:#e4e9ef;--dot:#12171e}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",
"Liberation Sans","DejaVu Sans",sans-serif}
main,header,nav,footer{max-width:66rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.2rem}
header p{margin:.1rem 0;color:var(--faint)}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .4rem}
h2{font-size:1.25rem;line-height:1.3;margin:2.6rem 0 .6rem;padding-top:.7rem;border-top:2px solid var(--accent)}
h3{font-size:1rem;margin:1.5rem 0 .4rem}
p{margin:.35rem 0;max-width:52rem}
nav ol{display:flex;flex-wrap:wrap;gap:.1rem 1.2rem;padding:0;margin:1.2rem 0 0;list-style:none;font-size:.9rem}
a{color:var(--accent)}
dl{display:grid;grid-template-columns:repeat(3,1fr);gap:.8rem;margin:1.4rem 0 0}
dl div{display:flex;flex-direction:column;border:1px solid var(--rule);border-left:4px solid var(--accent);
padding:.6rem .9rem;background:var(--wash)}
dt{order:2;font-weight:600}
dd{margin:0}
dd.value{order:1;font-size:1.55rem;line-height:1.25;font-weight:600;font-variant-numeric:tabular-nums}
dd.note{order:3;color:var(--faint);font-size:.87rem}
figure{margin:1rem 0 .6rem}
figcaption{color:var(--faint);font-size:.87rem;max-width:52rem}
svg.plot{display:block;width:100%;height:auto}
svg.defs{position:absolute}
svg.plot text{font-size:10.5px;fill:var(--faint);font-variant-numeric:tabular-nums}
.grid{stroke:var(--rule);fill:none}
.axis{stroke:var(--faint);fill:none}
ul.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;margin:0 0 .5rem;padding:0;font-size:.87rem}
ul.legend svg{width:.85rem;height:.85rem;margin-right:.4rem;vertical-align:-.1rem}
.look-allowed{fill:var(--allowed)}.look-refused{fill:var(--refused)}.look-gateway{fill:var(--gateway)}
.look-watched{fill:url(#p-watched)}.look-redacted{fill:url(#p-redacted)}.look-failed{fill:url(#p-failed)}
.look-whole{fill:url(#p-whole)}
.base-watched{fill:var(--watched)}.base-redacted{fill:var(--redacted)}.base-failed{fill:var(--failed)}
.base-whole{fill:var(--whole)}
.plot rect,.legend rect{stroke:var(--paper);stroke-width:.5}
.ink{stroke:var(--mark);stroke-width:.9;fill:none}
.dot{fill:var(--dot)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.87rem}
caption{text-align:left;font-weight:600;font-size:1rem;padding:1.2rem 0 .35rem}
th{text-align:left;vertical-align:bottom;font-weight:600;color:var(--faint);border-bottom:1.5px solid var(--faint);
padding:.25rem .7rem .25rem 0}
td{vertical-align:top;border-bottom:1px solid var(--rule);padding:.25rem .7rem .25rem 0}
td.name,td.digest,td.words{overflow-wrap:anywhere}
td.name{min-width:8.6rem}
td.words{min-width:6rem}
td.wide{min-width:15rem}
td.digest{min-width:9.5rem;font-family:ui-monospace,"Liberation Mono","DejaVu Sans Mono",monospace;font-size:.8rem}
td.moment{white-space:nowrap;font-variant-numeric:tabular-nums}
.number{text-align:right;font-variant-numeric:tabular-nums}
td.number{white-space:nowrap}
td.number svg{display:inline-block;width:5rem;height:.6rem;vertical-align:-.02rem}
td.number svg+span{display:inline-block;min-width:4.2rem}
th.number{max-width:9rem}
.bar rect{fill:var(--allowed)}
p.after,p.empty{color:var(--faint);font-size:.87rem}
footer{color:var(--faint);font-size:.87rem;padding-top:2rem;padding-bottom:2.5rem}
@media (max-width:44rem){dl{grid-template-columns:1fr 1fr}}
@page{size:A4;margin:16mm 14mm 18mm}
@media print{
:root{color-scheme:light;--paper:#fff;--ink:#000;--faint:#444;--rule:#bbb;--wash:#fff;--accent:#1f4e79;--allowed:#9db7d1;
--watched:#f0c05a;--redacted:#4f9d8f;--refused:#b3362b;--failed:#c9ced6;--gateway:#1f4e79;--whole:#c7d6e5;--mark:#000;
--dot:#fff}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
html{font-size:11.5px}
body{font-size:1rem}
main,header,nav,footer{max-width:none;padding:0}
nav{display:none}
section{break-before:page}
section.on{break-before:auto}
h2{margin-top:0}
section.on h2{margin-top:2rem}
td{padding-top:.15rem;padding-bottom:.15rem}
h2,h3,caption{break-after:avoid}
#reading{break-inside:avoid}
figure,dl,tr,.short{break-inside:avoid}
tr:nth-child(-n+3){break-after:avoid}
tr:nth-last-child(-n+3){break-before:avoid}
h3+p{break-before:avoid}
thead{display:table-header-group}
.scroll{overflow:visible}
a{color:inherit;text-decoration:none}
}
"""
