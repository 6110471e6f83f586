/** A queue of events, read in order by one reader, who may start late. */
export class EventQueue<T> implements AsyncIterable<T> {
  private readonly waiting: T[] = [];
  private isEnded = false;
  private wake = () => {};

  push(value: T): void {
    this.waiting.push(value);
    this.wake();
  }

  /** Ends the queue after the events so far. */
  end(): void {
    this.isEnded = true;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      yield* this.waiting.splice(0);
      if (this.waiting.length > 0) continue;
      if (this.isEnded) return;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
