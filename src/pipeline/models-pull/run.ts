import { type ErrorCode, MedclipSamError, WeightsError } from "../../errors.ts";
import { cacheFolder, hubEndpoint } from "../../hub/environment.ts";
import { megabytes } from "../../hub/megabytes.ts";
import { missingBytes, modelToPull, type PullOptions, type PullPlan, planPull, pull } from "../../hub/pull.ts";
import { requireSpace } from "../../hub/space.ts";
import type { RunEvent } from "../../run/events.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import type { ModelsPullSettings } from "./settings.ts";

/**
 * `medclip-sam models pull`: downloads published models. A model that fails does not keep the others from being downloaded.
 *
 * @throws ConfigError for a name that is none, before anything is asked; WeightsError when a model could not be downloaded; CancelledError
 */
export async function* runModelsPull(settings: ModelsPullSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const { revision, kind, acceptChanged, dryRun, retries } = settings;
  const http = { signal, retries, stallMs: settings.timeout * 1000, pauseMs: settings.retryPause * 1000 };
  const options: PullOptions = { ...http, revision, kind, acceptChanged };
  const names = [...new Set(settings.models)];
  for (const name of names) modelToPull(name, options);

  const failures = new Failures(names);
  const plans: PullPlan[] = [];
  for (const name of names) {
    yield { type: "stage", message: `asking ${new URL(hubEndpoint()).host} for ${name}` };
    const plan = await failures.catch(name, () => planPull(name, options));
    if (plan) plans.push(plan);
    else yield failures.event(name);
  }
  const missing = plans.reduce((sum, plan) => sum + missingBytes(plan), 0);
  await requireSpace(cacheFolder(), missing);
  if (dryRun) {
    failures.throwIfAny();
    const lines = [...plans.flatMap(planned), `${megabytes(missing)} to download into ${cacheFolder()}`];
    return yield { type: "end", done: 0, skipped: 0, failed: 0, ms: Math.round(performance.now() - start), lines };
  }
  for (const plan of plans) yield* terms(plan);
  const total = plans.reduce((sum, { files }) => sum + files.length, 0);
  const cached = plans.reduce((sum, { files }) => sum + files.filter((file) => file.cached).length, 0);
  yield { type: "start", command: "models pull", total, done: cached, unit: "file" };
  const lines: string[] = [];
  let done = 0;
  for (const plan of plans) {
    const { name } = plan.address;
    const events = pulled(plan, options);
    for (;;) {
      const next = await failures.catch(name, () => events.next());
      if (!next) {
        yield failures.event(name);
        break;
      }
      if (next.done) {
        lines.push(...summary(plan));
        break;
      }
      if (next.value.type === "item") done++;
      yield next.value;
    }
  }
  if (!failures.any) return yield { type: "end", done, skipped: cached, failed: 0, ms: Math.round(performance.now() - start), lines };
  for (const message of lines) yield { type: "note", message };
  failures.throwIfAny();
}

/** The events of one model. */
async function* pulled(plan: PullPlan, options: PullOptions): AsyncGenerator<RunEvent> {
  let start = performance.now();
  for await (const event of pull(plan, options)) {
    const { path, size } = event.file;
    const name = `${plan.address.name}/${path}`;
    if (event.type === "file") start = performance.now();
    else if (event.type === "received") {
      yield { type: "transfer", name, bytes: event.received, ...(size !== undefined && { total: size }) };
    } else if (event.type === "note") yield { type: "note", message: event.message };
    else {
      const summary = size === undefined ? "" : megabytes(size);
      yield { type: "item", name, ms: Math.round(performance.now() - start), warnings: [], summary };
    }
  }
}

/** What a user must know before using a model. */
function* terms({ address: { name, repository, published } }: PullPlan): Generator<RunEvent> {
  const page = `${hubEndpoint()}/${repository}`;
  const message = published
    ? `${name}: ${published.title}. Licence: ${published.licence}. Made for ${published.use}. Its licence and model card apply: ${page}`
    : `${name}: its licence and model card apply: ${page}`;
  yield { type: "note", message };
}

function planned({ address, commit, files }: PullPlan): string[] {
  return [
    `${address.name}: ${address.repository}, commit ${commit}`,
    ...files.map(
      ({ path, size, cached }) => `  ${path}  ${size === undefined ? "size unknown" : megabytes(size)}${cached ? ", here already" : ""}`,
    ),
  ];
}

function summary({ address: { name, revision }, kind, files, snapshot }: PullPlan): string[] {
  const fresh = files.filter(({ cached }) => !cached);
  const bytes = fresh.reduce((sum, { size = 0 }) => sum + size, 0);
  const done =
    fresh.length === 0 ? "everything was here already" : `${fresh.length} of ${files.length} files downloaded, ${megabytes(bytes)}`;
  const use = revision === "main" || name.includes("@") ? name : `${name}@${revision}`;
  return [`${name}: ${done}; all hashes are right. Use it with --${kind} ${use}`, `  ${snapshot}`];
}

/** The models that could not be downloaded. What concerns the whole run is thrown at once. */
class Failures {
  private readonly errors = new Map<string, MedclipSamError>();

  constructor(private readonly names: readonly string[]) {}

  get any(): boolean {
    return this.errors.size > 0;
  }

  /** The result of some work on a model; undefined if it failed. @throws the error itself where there is only one model */
  async catch<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (this.names.length === 1 || !(error instanceof MedclipSamError) || ofTheRun.includes(error.code)) throw error;
      this.errors.set(name, error);
      return undefined;
    }
  }

  event(name: string): RunEvent {
    const { message, code } = this.errors.get(name)!;
    return { type: "failure", name, message, code };
  }

  throwIfAny(): void {
    if (this.any)
      throw new WeightsError(
        `${this.errors.size} of ${this.names.length} models could not be downloaded: ${[...this.errors.keys()].join(", ")}`,
      );
  }
}

const ofTheRun: readonly ErrorCode[] = ["cancelled", "output", "config"];
