#!/usr/bin/env node
import { Command, CommanderError, Option } from "commander";
import { MedclipSamError } from "../errors.ts";
import { version } from "../version.ts";
import { checkPaths, type JobCommand, jobCommands } from "./commands.ts";
import { type ExitStatus, exitStatus, statusOfError } from "./exit-status.ts";
import { type Flag, flagsOf, readConfig, settingsFrom } from "./flags.ts";
import { packSettings } from "./pack.ts";
import { runJob } from "./run-job.ts";

// Beside this file once it is built. Everything heavy is loaded there, or by an action: help and mistakes must be told at once.
const worker = new URL("./worker.js", import.meta.url);

let status: ExitStatus = exitStatus.ok;

const program = new Command("medclip-sam")
  .description("Type what to segment in a medical image, get a mask, on your own machine. Research use only; not a medical device.")
  .version(version)
  .exitOverride();

for (const command of jobCommands.filter(({ job }) => !job.includes(" "))) addJob(program, command.job, command);

const models = program.command("models").description("published and random weights");
for (const command of jobCommands.filter(({ job }) => job.startsWith("models ")))
  addJob(models, command.job.slice("models ".length), command);
models
  .command("list")
  .description("published models by short name, and where they are on this machine")
  .action(async () => print(await (await import("./models.ts")).listModels()));
models
  .command("show")
  .description("what a model is: kind, names, sizes, tensors, first problems, SHA-256")
  .argument("<model>", "folder, weights file or short name")
  .option("--clip-config <FILE>", "configuration for a CLIP file that has none beside it")
  .action(async (model: string, { clipConfig }: { clipConfig?: string }) =>
    print((await (await import("./models.ts")).showModel(model, clipConfig)).lines),
  );
models
  .command("verify")
  .description("whether a model can be used: every tensor there, of the right shape and finite; the vocabulary fits")
  .argument("<model>", "folder, weights file or short name")
  .option("--clip-config <FILE>", "configuration for a CLIP file that has none beside it")
  .action(async (model: string, { clipConfig }: { clipConfig?: string }) => {
    const { lines, isSound } = await (await import("./models.ts")).verifyModel(model, clipConfig);
    print(lines);
    if (!isSound) status = exitStatus.weights;
  });

program
  .command("doctor")
  .description("what works on this machine, and what to do about the rest")
  .action(async () => {
    const { lines, isHealthy } = await (await import("./doctor.ts")).examine();
    print(lines);
    if (!isHealthy) status = exitStatus.failed;
  });

// A reader that has seen enough, such as `head`, is no error; results are in files.
process.stdout.on("error", () => {});

try {
  await program.parseAsync();
} catch (error) {
  status = report(error);
}
process.exitCode = status;

/** Adds a command whose flags are the settings of a job. */
function addJob(parent: Command, name: string, { job, summary, schema, positional, resumes }: JobCommand): void {
  const command = parent.command(name).description(summary);
  if (positional) command.argument(positional.usage, positional.description);
  for (const flag of flagsOf(schema)) if (flag.key !== positional?.key) for (const option of optionsOf(flag)) command.addOption(option);
  command
    .option("--config <FILE>", "YAML file with the same settings; flags win")
    .option("--events", "one JSON event a line on standard output instead of progress")
    .option("--quiet", "no progress; warnings and failures are still shown")
    .action(async (...args: unknown[]) => {
      // Commander hands over the positional arguments, the options and the command.
      const { config: configFile, events = false, quiet = false, ...flags } = args.at(-2) as Record<string, unknown>;
      const config = configFile === undefined ? undefined : await readConfig(configFile as string, schema);
      const given = { ...flags, ...(positional && { [positional.key]: positionalValue(args[0]) }) };
      const base = await packSettings(schema, { flags: given, config });
      const settings = settingsFrom(schema, { flags: given, config, positional, base });
      await checkPaths(settings);
      status = await runJob({ worker, job, settings, events: events === true, quiet: quiet === true, resumes });
    });
}

/** What was given without a flag; nothing if the list is empty, so that a settings file can name it. */
function positionalValue(value: unknown): unknown {
  return Array.isArray(value) && value.length === 0 ? undefined : value;
}

/** A flag as commander's options; defaults are shown, but stay unset so that a settings file can have its say. */
function optionsOf({ name, kind, placeholder, description, default: preset }: Flag): Option[] {
  const isShown = preset !== undefined && preset !== false && !Array.isArray(preset);
  const shown = isShown ? `${description} (default: ${preset})` : description;
  if (kind === "switch") return [new Option(`--${name}`, shown), new Option(`--no-${name}`).hideHelp()];
  const option = new Option(`--${name} <${placeholder}>`, shown);
  if (kind === "list") option.argParser((text: string, before: string[] = []) => [...before, text]);
  return [option];
}

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

/** Tells an error, and says with which status to exit. */
function report(error: unknown): ExitStatus {
  // Commander has printed its message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.ok : exitStatus.usage;
  const isExpected = error instanceof MedclipSamError;
  process.stderr.write(`error: ${isExpected ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  return isExpected ? statusOfError[error.code] : exitStatus.failed;
}
