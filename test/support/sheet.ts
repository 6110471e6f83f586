import { zipSync } from "fflate";

/** A spreadsheet (.xlsx) of one sheet: texts in the shared list, the last one inline; empty cells are left out. */
export function sheet(rows: readonly (readonly (string | number)[])[]): Uint8Array {
  const texts = [...new Set(rows.flat().filter((cell) => typeof cell === "string" && cell !== ""))];
  const escaped = (text: string | number) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const cell = (value: string | number, row: number, column: number, isLast: boolean): string => {
    if (value === "") return "";
    const at = `r="${String.fromCharCode(65 + column)}${row + 1}"`;
    if (typeof value === "number") return `<c ${at}><v>${value}</v></c>`;
    return isLast ? `<c ${at} t="inlineStr"><is><t>${escaped(value)}</t></is></c>` : `<c ${at} t="s"><v>${texts.indexOf(value)}</v></c>`;
  };
  const body = rows.map((row, y) => {
    const cells = row.map((value, x) => cell(value, y, x, y === rows.length - 1 && x === row.length - 1));
    return `<row r="${y + 1}">${cells.join("")}</row>`;
  });
  const parts = {
    "xl/sharedStrings.xml": `<sst>${texts.map((text) => `<si><t>${escaped(text)}</t></si>`).join("")}</sst>`,
    "xl/worksheets/sheet1.xml": `<worksheet><sheetData>${body.join("")}</sheetData></worksheet>`,
  };
  return zipSync(Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, new TextEncoder().encode(text)])));
}
