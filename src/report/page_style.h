/* The page's style sheet, light and dark. The contrast of each text is at least 4.5 to 1 (WCAG 2.2, 1.4.3). */
#ifndef WALSHIP_REPORT_PAGE_STYLE_H
#define WALSHIP_REPORT_PAGE_STYLE_H

static const char page_style[] =
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d0d7de;--card:#f6f8fa;--ok:#116329;"
    "--warn:#7a4d00;--bad:#a40e26;--wal:#2f6fdb;--full:#6639ba;--diff:#0f766e;--incr:#9a5b00;--grow:#5b8def}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#9aa4af;--line:#30363d;--card:#161b22;"
    "--ok:#56d364;--warn:#e3b341;--bad:#ff8e86;--wal:#58a6ff;--full:#c297ff;--diff:#39d0c0;--incr:#f0b35a;"
    "--grow:#4184e4}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:78rem;padding:1rem;background:var(--bg);color:var(--fg);"
    "font:1rem/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.6rem;margin:.2rem 0}h2{font-size:1.3rem;margin:2rem 0 .5rem;overflow-wrap:anywhere}"
    "h3{font-size:1.05rem;margin:1.5rem 0 .4rem}\n"
    "p{margin:.4rem 0}header p,.soft,figcaption{color:var(--soft)}\n"
    "code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}\n"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.6rem 1rem;margin:.6rem 0}\n"
    ".card h2{margin-top:.2rem}.card ul{margin:.3rem 0;padding-left:1.2rem}.card li{margin:.3rem 0}\n"
    ".ok{color:var(--ok)}.warn{color:var(--warn)}.bad{color:var(--bad)}.ok,.warn,.bad{font-weight:600}\n"
    ".scroll{overflow-x:auto;border:1px solid var(--line);border-radius:.5rem}\n"
    "table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;padding:.3rem .6rem;"
    "border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}td.wrap{white-space:normal;"
    "overflow-wrap:anywhere;min-width:14rem}th{color:var(--soft);font-weight:600}tr:last-child>*{border-bottom:0}td."
    "number{text-align:right}\n"
    "figure{margin:.6rem 0}svg{display:block;padding:.3rem;width:100%;min-width:44rem;height:auto}svg "
    "text{fill:var(--soft);"
    "font:11px system-ui,sans-serif}\n"
    ".wal{fill:var(--wal)}.gap{fill:var(--bad)}.grow{fill:var(--grow)}.axis{stroke:var(--line)}path{fill:none;"
    "stroke-width:2}.full{stroke:var(--full)}.diff{stroke:var(--diff)}.incr{stroke:var(--incr)}.dump{stroke:var(--grow)"
    "}"
    ".drill{stroke:var(--ok)}.lost{stroke:var(--bad)}\n"
    "footer{margin-top:2rem;color:var(--soft);font-size:.9rem}\n"
    "@media print{body{max-width:none}.scroll{overflow:visible;border:0}td,th{white-space:normal}svg{min-width:0}}\n";

#endif
