export type { JobName } from "./jobs.ts";
export type { JobError } from "./messages.ts";
export { type Outcome, type RunningJob, type StartOptions, startJob } from "./start-job.ts";
