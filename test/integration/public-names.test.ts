import { readFileSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";

const entries = { ".": "src/index.ts", "./browser": "src/browser.ts", "./graph": "src/graph/index.ts", "./nn": "src/nn/index.ts" };

/** Public names of an entry point; types are marked. It may contain explicit exports only. */
function namesOf(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest);
  return source.statements
    .flatMap((statement) => {
      if (!ts.isExportDeclaration(statement) || !statement.exportClause || !ts.isNamedExports(statement.exportClause))
        throw new Error(`${file} holds more than explicit exports`);
      const { isTypeOnly, exportClause } = statement;
      return exportClause.elements.map((element) => `${isTypeOnly || element.isTypeOnly ? "type " : ""}${element.name.text}`);
    })
    .sort();
}

// An added or removed name is a change for users: `npx vitest run test/integration/public-names.test.ts --update` writes the list anew.
test("the public names of each entry point match the list", async () => {
  const names = Object.fromEntries(Object.entries(entries).map(([entry, file]) => [entry, namesOf(file)]));
  await expect(`${JSON.stringify(names, null, 2)}\n`).toMatchFileSnapshot("../golden/public-names.json");
});
