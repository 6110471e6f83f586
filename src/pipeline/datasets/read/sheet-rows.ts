import { readFile } from "node:fs/promises";
import { decodeXML } from "entities";
import { unzipSync } from "fflate";
import { InputError } from "../../../errors.ts";

/** A part of a spreadsheet that unpacks to more than this is none of a data set. */
const mostBytes = 32 * 2 ** 20;

const shared = "xl/sharedStrings.xml";
const first = "xl/worksheets/sheet1.xml";

/**
 * The rows of the first sheet of an .xlsx file, as text. Cells that are not there are empty.
 *
 * @throws InputError when it is no such file
 */
export async function sheetRows(file: string): Promise<string[][]> {
  const parts = await partsOf(file);
  const sheet = parts.get(first);
  if (sheet === undefined) throw new InputError(`"${file}" is a spreadsheet without a first sheet (${first})`);
  const texts = elements(parts.get(shared) ?? "", "si").map(({ body }) => textIn(body));
  return elements(sheet, "row").map(({ body }) => {
    const cells: string[] = [];
    for (const { attributes, body: cell } of elements(body, "c")) {
      const at = columnOf(/\br="([A-Z]+)/.exec(attributes)?.[1] ?? "") ?? cells.length;
      const value = textIn(elements(cell, "v")[0]?.body ?? "");
      const kind = /\bt="(\w+)"/.exec(attributes)?.[1];
      while (cells.length < at) cells.push("");
      cells[at] = kind === "s" ? (texts[Number(value)] ?? "") : kind === "inlineStr" ? textIn(cell) : value;
    }
    return cells;
  });
}

async function partsOf(file: string): Promise<Map<string, string>> {
  try {
    const parts = unzipSync(await readFile(file), {
      filter({ name, originalSize }) {
        if (name !== shared && name !== first) return false;
        if (originalSize > mostBytes) throw new Error(`${name} unpacks to ${originalSize} bytes`);
        return true;
      },
    });
    return new Map(Object.entries(parts).map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]));
  } catch (cause) {
    throw new InputError(`"${file}" cannot be read as a spreadsheet (.xlsx): ${(cause as Error).message}`, { cause });
  }
}

/** Elements of a name, which these files do not nest. */
function elements(xml: string, name: string): { attributes: string; body: string }[] {
  const each = new RegExp(`<${name}(\\s[^>]*?)?(?:/>|>(.*?)</${name}>)`, "gs");
  return [...xml.matchAll(each)].map(([, attributes = "", body = ""]) => ({ attributes, body }));
}

const textIn = (xml: string): string => decodeXML(xml.replace(/<[^>]*>/g, ""));

/** "A" is 0, "AA" 26. A sheet has at most three letters. */
function columnOf(letters: string): number | undefined {
  if (letters === "" || letters.length > 3) return undefined;
  return [...letters].reduce((sum, letter) => 26 * sum + letter.charCodeAt(0) - 64, 0) - 1;
}
