import { Command, CommanderError, Option } from "commander";
import { MedclipSamError } from "../errors.ts";
import { unwritable } from "../files/atomic-write.ts";
import { version } from "../version.ts";
import { type JobCommand, jobCommands } from "./commands.ts";
import { type ExitStatus, exitStatus, statusOfError } from "./exit-status.ts";
import type { Flag } from "./flags.ts";
import type { StartJob } from "./run-job.ts";
import { isReaderGone, print } from "./standard-output.ts";

let status: ExitStatus = exitStatus.ok;

/**
 * The command: parses the command line, runs it, and sets the exit status. Only what the help needs is loaded at once; settings and all
 * computing modules are loaded by the command that needs them.
 *
 * @param start - starts the job of a command; by default in a child process
 */
export async function runProgram(argv: readonly string[] = process.argv, start?: StartJob): Promise<void> {
  status = exitStatus.ok;
  let isLost = false;
  // With --events the job itself reacts to errors, too.
  process.stdout.on("error", (error) => {
    if (isReaderGone(error) || isLost) return;
    isLost = true;
    process.stderr.write(`error: standard output ${unwritable(error)}\n`);
    process.exitCode ||= exitStatus.failed; // it may come after the end of the command
  });
  process.stderr.on("error", () => {});
  try {
    const program = await programOf(argv.slice(2), start);
    await program.parseAsync([...argv]);
  } catch (error) {
    status = report(error);
  }
  process.exitCode = isLost && status === exitStatus.ok ? exitStatus.failed : status;
}

/** All commands by name; options are loaded only for the commands in `words`. */
async function programOf(words: readonly string[], start: StartJob | undefined): Promise<Command> {
  const program = new Command("medclip-sam")
    .description("Type what to segment in a medical image, get a mask, on your own machine. Research use only; not a medical device.")
    .version(version)
    .exitOverride();
  const groups = new Map(Object.entries(groupSummaries).map(([name, summary]) => [name, groupOf(program, name, summary)]));
  for (const command of jobCommands) {
    const parts = command.job.split(" ");
    const parent = parts.length > 1 ? groups.get(parts[0]!)! : program;
    const added = parent.command(parts.at(-1)!).description(command.summary);
    await addJob(added, command, { isAsked: parts.every((part) => words.includes(part)), start });
  }
  for (const group of groups.values()) program.addCommand(group);
  addModels(groups.get("models")!);
  program
    .command("doctor")
    .description("check what works on this machine, and how to fix the rest")
    .action(async () => {
      const { lines, isHealthy } = await (await import("./doctor.ts")).examine();
      printLines(lines);
      if (!isHealthy) status = exitStatus.failed;
    });
  return program;
}

/** Commands of two words, by the first. */
const groupSummaries = {
  weak: "weak supervision: nnU-Net on the pipeline's masks, or on true ones, with checkpoint ensembles and uncertainty",
  prompts: "text prompts: sets that come with the package, checks, and sentences written by a language model",
  datasets: "the paper's data sets: where they are described, and how their files are laid out for the other commands",
  models: "published and random weights",
} as const;

function groupOf(program: Command, name: string, summary: string): Command {
  return new Command(name).description(summary).copyInheritedSettings(program);
}

function addModels(models: Command): void {
  models
    .command("list")
    .description("list published models by short name, with their location on this machine")
    .action(async () => printLines(await (await import("./models.ts")).listModels()));
  models
    .command("show")
    .description("describe a model: kind, names, sizes, tensors, first problems, SHA-256")
    .argument("<model>", "folder, weights file or short name; of a pack both models")
    .option("--clip-config <FILE>", "configuration of a CLIP weights file without one beside it")
    .action(async (model: string, { clipConfig }: { clipConfig?: string }) =>
      printLines((await (await import("./models.ts")).showModel(model, clipConfig)).lines),
    );
  models
    .command("verify")
    .description("check that a model can be used: all tensors present, of the right shape and finite; vocabulary matches")
    .argument("<model>", "folder, weights file or short name; of a pack both models")
    .option("--clip-config <FILE>", "configuration of a CLIP weights file without one beside it")
    .action(async (model: string, { clipConfig }: { clipConfig?: string }) => {
      const { lines, isSound } = await (await import("./models.ts")).verifyModel(model, clipConfig);
      printLines(lines);
      if (!isSound) status = exitStatus.weights;
    });
}

interface AddJobOptions {
  /** Whether to load the settings and add the flags. */
  readonly isAsked: boolean;
  readonly start: StartJob | undefined;
}

/** Defines the command of a job, whose settings are its flags. */
async function addJob(
  command: Command,
  { job, schema: load, positionals = [], resumes }: JobCommand,
  { isAsked, start }: AddJobOptions,
): Promise<void> {
  for (const { usage, description } of positionals) command.argument(usage, description);
  if (isAsked) {
    const { flagsOf } = await import("./flags.ts");
    for (const flag of flagsOf(await load()))
      if (!positionals.some(({ key }) => key === flag.key)) for (const option of optionsOf(flag)) command.addOption(option);
  }
  command
    .addOption(new Option("--config <FILE>", "YAML file with the same settings; flags take precedence").helpGroup("Input:"))
    .addOption(new Option("--events", "one JSON event a line on standard output instead of progress").helpGroup("Output:"))
    .addOption(new Option("--quiet", "no progress; warnings and failures are still shown").helpGroup("Output:"))
    .addHelpOption(new Option("-h, --help", "display help for command").helpGroup("Output:"))
    .action(async (...args: unknown[]) => {
      // Commander passes the positional arguments, the options and the command.
      const { config, events = false, quiet = false, ...flags } = args.at(-2) as Record<string, unknown>;
      const given = { ...flags, ...Object.fromEntries(positionals.map(({ key }, i) => [key, positionalValue(args[i])])) };
      const { settingsOf } = await import("./given-settings.ts");
      const schema = await load();
      const { settings, warnings, notes } = await settingsOf(schema, {
        flags: given,
        configFile: config as string | undefined,
        positionals,
      });
      if (events === true) (await import("./among-events.ts")).refuseAmongEvents(schema, settings);
      const { runJob } = await import("./run-job.ts");
      status = await runJob({ job, settings, warnings, notes, events: events === true, quiet: quiet === true, resumes, start });
    });
}

/** The positional value; undefined if the list is empty, so that a settings file can provide it. */
function positionalValue(value: unknown): unknown {
  return Array.isArray(value) && value.length === 0 ? undefined : value;
}

/** A flag as a commander option; defaults are shown but not set, so that a settings file can set the value. */
function optionsOf({ name, kind, placeholder, group, description, default: preset }: Flag): Option[] {
  const isShown = preset !== undefined && preset !== false && !Array.isArray(preset);
  const shown = isShown ? `${description} (default: ${preset})` : description;
  const heading = `${group ?? "Options"}:`;
  if (kind === "switch") return [new Option(`--${name}`, shown).helpGroup(heading), new Option(`--no-${name}`).hideHelp()];
  const option = new Option(`--${name} <${placeholder}>`, shown).helpGroup(heading);
  if (kind === "list") option.argParser((text: string, before: string[] = []) => [...before, text]);
  return [option];
}

function printLines(lines: readonly string[]): void {
  print(lines.map((line) => `${line}\n`).join(""));
}

/** Prints an error and returns the exit status. */
function report(error: unknown): ExitStatus {
  // Commander has already printed its message or the help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.ok : exitStatus.usage;
  const isExpected = error instanceof MedclipSamError;
  process.stderr.write(`error: ${isExpected ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  return isExpected ? statusOfError[error.code] : exitStatus.failed;
}
