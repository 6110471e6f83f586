const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text as it stands in HTML and in quoted attributes. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign]!);

/** Rows of text as a table; the first row names the columns. */
export function table([head, ...rows]: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: "td" | "th") =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("")}</tr>`;
  return `<table><thead>${row(head!, "th")}</thead><tbody>\n${rows.map((cells) => row(cells, "td")).join("\n")}\n</tbody></table>`;
}

const style = `
:root { color-scheme: light dark; --ground: #fff; --ink: #1c2430; --faint: #667; --edge: #d8dce3; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181e; --ink: #e4e8ee; --faint: #99a3b0; --edge: #333b46; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; } p { margin: .25rem 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 1.5rem; }
figure { margin: 0; } figcaption { font-weight: 600; } svg { width: 100%; height: auto; background: none; }
.legend { color: var(--faint); font-size: .85rem; display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
.legend i { display: inline-block; width: 1rem; height: .2rem; margin-right: .35rem; vertical-align: middle; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } th, td { text-align: right; padding: .15rem .7rem; border-bottom: 1px solid var(--edge); }
th:first-child, td:first-child { text-align: left; padding-left: 0; } .settings td { text-align: left; word-break: break-word; }
.results, .settings { overflow-x: auto; } .results td:nth-child(2), .results th:nth-child(2) { text-align: left; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(280px, 1fr)); gap: .75rem; margin: .5rem 0; }
.pictures img { width: 100%; aspect-ratio: 1; object-fit: contain; background: #000; } .pictures figcaption { font-weight: 400; color: var(--faint); font-size: .85rem; }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(420px, 1fr)); gap: .75rem; margin: .5rem 0; } .pairs div { display: flex; gap: 2px; }
.pairs img { width: 50%; aspect-ratio: 1; object-fit: contain; background: #000; } .pairs figcaption { font-weight: 400; color: var(--faint); font-size: .85rem; }
.note { color: var(--faint); } a { color: inherit; }`;

/** A whole page that needs nothing else: no script, no font, no file. @param body - HTML */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}
</style>
</head>
<body>
${body}
</body>
</html>
`;
}
