/** Arrays by number, as many as fit into a number of bytes; the least recently used are evicted. */
export class ByteCache<T> {
  private readonly kept = new Map<number, T>();
  private readonly limit: number;
  private readonly sizeOf: (value: T) => number;
  private bytes = 0;

  constructor(limit: number, sizeOf: (value: T) => number) {
    this.limit = limit;
    this.sizeOf = sizeOf;
  }

  get(key: number): T | undefined {
    const value = this.kept.get(key);
    if (value !== undefined) {
      this.kept.delete(key);
      this.kept.set(key, value);
    }
    return value;
  }

  set(key: number, value: T): void {
    this.delete(key);
    this.kept.set(key, value);
    this.bytes += this.sizeOf(value);
    for (const oldest of this.kept.keys()) {
      if (this.bytes <= this.limit) break;
      this.delete(oldest);
    }
  }

  private delete(key: number): void {
    const value = this.kept.get(key);
    if (value !== undefined) this.bytes -= this.sizeOf(value);
    this.kept.delete(key);
  }
}
