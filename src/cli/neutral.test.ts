import { expect, test } from "vitest";
import { differenceOf } from "../run/record/resume.ts";
import { recordedSettings } from "../run/settings/effect.ts";
import { settingsOfSchema, settingsThat } from "../run/settings/meta.ts";
import { jobCommands } from "./commands.ts";

test.each(jobCommands.filter(({ resumes }) => resumes))(
  "resuming $job follows the metadata of its settings",
  async ({ job, schema: load }) => {
    const schema = await load();
    const { neutral } = recordedSettings(schema, {});
    const run = (settings: object) => ({ command: job, settings: { ...settings }, neutral });
    const names = Object.keys(settingsOfSchema(schema));
    const ignored = names.filter((name) => differenceOf(run({ [name]: "before" }), run({ [name]: "now" })) === undefined);
    expect(ignored).toEqual(settingsThat(schema, (meta) => meta.neutral === true));
    expect(ignored).not.toHaveLength(0);
  },
);
