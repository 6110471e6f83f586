import type { RunEvent } from "../run/events.ts";

/** Output for progress. */
export interface Terminal {
  write(text: string): unknown;
  /** Whether a line can be overwritten. */
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface ProgressOptions {
  readonly quiet?: boolean;
  /** Default: on a terminal, unless NO_COLOR is set. */
  readonly colours?: boolean;
  /** Clock in milliseconds; replaced in tests. */
  readonly now?: () => number;
}

/** Counts of a run so far. */
interface Tally {
  total: number;
  /** Finished by an earlier run. */
  skipped: number;
  done: number;
  failed: number;
}

/** Prints the events of a run: on a terminal one updating line, otherwise one line per item. */
export class Progress {
  readonly tally: Tally = { total: 0, skipped: 0, done: 0, failed: 0 };
  private readonly terminal: Terminal;
  private readonly quiet: boolean;
  private readonly colours: boolean;
  private readonly now: () => number;
  private startedAt = 0;
  private out: string | undefined;
  private isDrawn = false;
  private unit: "image" | "step" | "file" = "image";
  /** Time of the last printed step or transfer. */
  private printedAt = 0;
  /** The file that is being transferred, with its size and the time when that began. */
  private transfer: { readonly name: string; readonly bytes: number; readonly startedAt: number } | undefined;

  constructor(terminal: Terminal, options: ProgressOptions = {}) {
    this.terminal = terminal;
    this.quiet = options.quiet ?? false;
    this.colours = options.colours ?? (terminal.isTTY === true && !process.env.NO_COLOR);
    this.now = options.now ?? (() => performance.now());
  }

  /** Prints one event. Results (`lines` of the end) are not progress and are left to the caller. */
  show(event: RunEvent): void {
    switch (event.type) {
      case "start":
        Object.assign(this.tally, { total: event.total, skipped: event.done, done: 0, failed: 0 }); // some runs start with each of their stages
        this.out = event.out;
        this.unit = event.unit ?? "image";
        this.startedAt = this.now();
        this.printedAt = this.startedAt;
        if (event.done > 0) this.print(`${event.done} of ${event.total} already finished`);
        this.draw("");
        break;
      case "stage":
        if (this.terminal.isTTY) this.draw(event.message);
        else this.print(event.message);
        break;
      case "note":
        this.print(event.message);
        break;
      case "warning":
        this.printAlways(`${this.paint("yellow", "warning:")} ${event.name === undefined ? "" : `${event.name}: `}${event.message}`);
        break;
      case "transfer":
        this.showTransfer(event);
        break;
      case "item":
        this.tally.done++;
        if (!this.terminal.isTTY) {
          this.print(
            `[${this.position()}/${this.tally.total}] ${event.name}  ${seconds(event.ms)}${event.summary ? `  ${event.summary}` : ""}`,
          );
        }
        for (const warning of event.warnings) this.printAlways(`${this.paint("yellow", "warning:")} ${event.name}: ${warning}`);
        this.draw(event.name);
        break;
      case "step": {
        this.tally.done++;
        const { step, epoch, loss, lr, gradNorm, rate } = event;
        const words = `epoch ${epoch}  loss ${loss.toFixed(4)}  lr ${lr.toPrecision(3)}  ${rate.value} ${rate.unit}s/s`;
        if (!this.terminal.isTTY && this.now() - this.printedAt > stepEveryMs) {
          this.print(`[${step}/${this.tally.total}] ${words}  gradient ${gradNorm.toPrecision(3)}  ${this.left()}`);
          this.printedAt = this.now();
        }
        this.draw(words);
        break;
      }
      case "epoch":
        this.print(event.summary);
        this.draw("");
        break;
      case "failure":
        this.tally.failed++;
        this.printAlways(`${this.paint("red", "failed:")} ${event.name}: ${event.message}`);
        this.draw(event.name);
        break;
      case "end": {
        // A dry run has no counts; its lines hold everything.
        if (event.done + event.skipped + event.failed === 0) break;
        const parts = [
          `${event.done} done`,
          ...(event.skipped ? [`${event.skipped} skipped`] : []),
          ...(event.emptyMasks ? [`${event.emptyMasks} ${event.emptyMasks === 1 ? "mask" : "masks"} empty`] : []),
          ...(event.failed ? [this.paint("red", `${event.failed} failed`)] : []),
        ];
        this.print(`${parts.join(", ")} in ${seconds(event.ms)}${this.out === undefined ? "" : `; results are in ${this.out}`}`);
      }
    }
  }

  private showTransfer({ name, bytes, total }: Extract<RunEvent, { type: "transfer" }>): void {
    if (this.transfer?.name !== name || bytes < this.transfer.bytes) this.transfer = { name, bytes, startedAt: this.now() };
    const seconds = (this.now() - this.transfer.startedAt) / 1000;
    const rate = seconds > 0 ? (bytes - this.transfer.bytes) / seconds : 0;
    const words = [
      `${name}  ${megabytes(bytes)}${total === undefined ? "" : ` of ${megabytes(total)}`}`,
      ...(rate > 0 ? [`${(rate / 1e6).toFixed(1)} MB/s`] : []),
      ...(rate > 0 && total !== undefined && total > bytes ? [`${duration(((total - bytes) / rate) * 1000)} left`] : []),
    ].join("  ");
    if (!this.terminal.isTTY && this.now() - this.printedAt > stepEveryMs) {
      this.print(words);
      this.printedAt = this.now();
    }
    this.draw(words);
  }

  /** Clears the updating line, so that something else can be printed. */
  clear(): void {
    if (this.isDrawn) this.terminal.write("\r\x1b[K");
    this.isDrawn = false;
  }

  private print(line: string): void {
    if (!this.quiet) this.printAlways(line);
  }

  private printAlways(line: string): void {
    this.clear();
    this.terminal.write(`${line}\n`);
  }

  /** Number of the last finished item, including those of earlier runs. */
  private position(): number {
    const { skipped, done, failed } = this.tally;
    // An image that cannot be used is not a step.
    return this.unit === "step" ? skipped + done : skipped + done + failed;
  }

  private draw(note: string): void {
    if (this.quiet || !this.terminal.isTTY) return;
    const line =
      this.tally.total === 0 ? note : [this.bar(), this.unit === "file" ? "" : this.rate(), note].filter((part) => part !== "").join("  ");
    const width = (this.terminal.columns ?? 80) - 1;
    this.terminal.write(`\r${line.length > width ? `${line.slice(0, width - 1)}…` : line}\x1b[K`);
    this.isDrawn = true;
  }

  private bar(): string {
    const { total } = this.tally;
    const width = 24;
    const filled = Math.round((width * this.position()) / total);
    return `${"━".repeat(filled)}${"─".repeat(width - filled)} ${this.position()}/${total}`;
  }

  /** Speed and time left, known after the first item. */
  private rate(): string {
    const finished = this.position() - this.tally.skipped;
    if (finished === 0) return "";
    const perItem = (this.now() - this.startedAt) / finished;
    const an = this.unit === "image" ? "an image" : "a step";
    const speed = perItem > 1000 ? `${(perItem / 1000).toFixed(1)} s ${an}` : `${(1000 / perItem).toFixed(1)} ${this.unit}s/s`;
    return [speed, this.left()].filter((part) => part !== "").join(", ");
  }

  private left(): string {
    const finished = this.position() - this.tally.skipped;
    const rest = this.tally.total - this.position();
    if (finished === 0 || rest <= 0) return "";
    return `${duration((rest * (this.now() - this.startedAt)) / finished)} left`;
  }

  private paint(colour: keyof typeof colourCodes, text: string): string {
    return this.colours ? `\x1b[${colourCodes[colour]}m${text}\x1b[0m` : text;
  }
}

/** Minimum time between printed steps and transfers without a terminal. */
const stepEveryMs = 10_000;

const colourCodes = { red: 31, yellow: 33 } as const;

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6).toLocaleString("en")} MB`;

const seconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

/** "45 s", "3 min 20 s", "2 h 5 min" */
function duration(ms: number): string {
  const total = Math.ceil(ms / 1000);
  if (total < 60) return `${total} s`;
  const minutes = Math.floor(total / 60);
  return minutes < 60 ? `${minutes} min ${total % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
