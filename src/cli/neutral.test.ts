import { expect, test } from "vitest";
import { isNeutral } from "../run/record/resume.ts";
import { settingsOfSchema, settingsThat } from "../run/settings/meta.ts";
import { jobCommands } from "./commands.ts";

test.each(jobCommands.filter(({ resumes }) => resumes))(
  "resuming $job follows the metadata of its settings",
  async ({ job, schema: load }) => {
    const schema = await load();
    const names = Object.keys(settingsOfSchema(schema));
    expect(names.filter((name) => isNeutral(name, job))).toEqual(settingsThat(schema, ({ neutral }) => neutral === true));
  },
);
