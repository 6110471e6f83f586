// Checks every link of every Markdown file below a folder (default: here): files and headings that relative links name must exist, other
// links must be https addresses. Nothing is fetched. Prints one line a bad link and exits with 1 if there is one.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(process.argv[2] ?? ".");
const skipped = new Set(["node_modules", "dist", "coverage"]);

function* markdownFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !skipped.has(entry.name) && !entry.name.startsWith(".")) yield* markdownFiles(path);
    else if (entry.isFile() && entry.name.endsWith(".md")) yield path;
  }
}

/** Text without code, in which brackets are no links; lines keep their numbers. */
const withoutCode = (text) =>
  text.replace(/^( *)(```|~~~)[\s\S]*?^ *\2.*$/gm, (code) => code.replace(/[^\n]/g, "")).replace(/`[^`\n]*`/g, "");

/** A heading's anchor, as GitHub makes it. */
const slug = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, "")
    .replaceAll(" ", "-");

function anchorsOf(file) {
  const text = readFileSync(file, "utf8").replace(/^( *)(```|~~~)[\s\S]*?^ *\2.*$/gm, "");
  const seen = new Map();
  const anchors = new Set([...text.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id));
  for (const [, heading] of text.matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const name = slug(heading);
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    anchors.add(count === 0 ? name : `${name}-${count}`);
  }
  return anchors;
}

function problemOf(target, file) {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) {
    return URL.canParse(target) && new URL(target).protocol === "https:" ? undefined : "is not an https address";
  }
  const [path, anchor] = target.split("#");
  const named = path === "" ? file : resolve(dirname(file), decodeURIComponent(path));
  if (!existsSync(named)) return "names no file";
  if (anchor === undefined) return undefined;
  const page = statSync(named).isDirectory() ? join(named, "README.md") : named;
  return existsSync(page) && page.endsWith(".md") && anchorsOf(page).has(anchor) ? undefined : "names no heading of that file";
}

let [links, bad] = [0, 0];
for (const file of markdownFiles(root)) {
  const text = withoutCode(readFileSync(file, "utf8"));
  const patterns = [
    /\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g,
    /^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)/gm,
    /<(?:a|img)\b[^>]*?\b(?:href|src)="([^"]+)"/g,
  ];
  for (const match of patterns.flatMap((pattern) => [...text.matchAll(pattern)])) {
    links++;
    const problem = problemOf(match[1], file);
    if (problem === undefined) continue;
    bad++;
    console.log(`${relative(root, file)}:${text.slice(0, match.index).split("\n").length}: "${match[1]}" ${problem}`);
  }
}
console.log(`${links} links, ${bad} bad`);
process.exitCode = bad > 0 ? 1 : 0;
