/**
 * Writing values one after the other into one buffer that a thread hands to another, and reading them back.
 *
 * Numbers are float64 throughout: the same for counts, numbers of rows and milliseconds, and nothing to get wrong. Bytes
 * are copied once, on writing; reading answers views of the buffer, which belongs to the reader.
 */

const FIRST_BYTES = 4_096;
/** A frame is one commit's worth; a single event and its fan-out stay far below. */
const FRAME_BYTES_MAX = 256 * 1_048_576;
/** What stands for null where a number is expected: no time or count is NaN. */
const NULL_NUMBER = Number.NaN;

/** A class, since a batch calls its methods a few dozen times per operation. */
export class FrameWriter {
  #bytes: Buffer;
  #view: DataView;
  #end = 0;

  constructor(expectedBytes: number = FIRST_BYTES) {
    this.#bytes = Buffer.from(new ArrayBuffer(Math.max(FIRST_BYTES, expectedBytes)));
    this.#view = new DataView(this.#bytes.buffer);
  }

  number(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#end, value, true);
    this.#end += 8;
  }

  nullableNumber(value: number | null): void {
    this.number(value ?? NULL_NUMBER);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#end++] = value;
  }

  flag(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  text(value: string): void {
    // UTF-8 takes at most three bytes for each UTF-16 unit.
    this.#reserve(4 + value.length * 3);
    const length = this.#bytes.write(value, this.#end + 4, 'utf8');
    this.#view.setUint32(this.#end, length, true);
    this.#end += 4 + length;
  }

  nullableText(value: string | null): void {
    this.flag(value !== null);
    if (value !== null) this.text(value);
  }

  bytes(value: Uint8Array): void {
    this.#reserve(4 + value.length);
    this.#view.setUint32(this.#end, value.length, true);
    this.#bytes.set(value, this.#end + 4);
    this.#end += 4 + value.length;
  }

  json(value: unknown): void {
    this.text(JSON.stringify(value));
  }

  list<Entry>(entries: readonly Entry[], write: (entry: Entry) => void): void {
    this.number(entries.length);
    for (const entry of entries) write(entry);
  }

  /** Ends the frame. The buffer is its own and may be transferred; the writer is of no use afterwards. */
  finish(): ArrayBuffer {
    return (this.#bytes.buffer as ArrayBuffer).transfer(this.#end);
  }

  #reserve(size: number): void {
    const needed = this.#end + size;
    if (needed <= this.#bytes.length) return;
    if (needed > FRAME_BYTES_MAX) throw new RangeError('a batch is larger than a frame may be');
    const buffer = (this.#bytes.buffer as ArrayBuffer).transfer(Math.max(needed, this.#bytes.length * 2));
    this.#bytes = Buffer.from(buffer);
    this.#view = new DataView(buffer);
  }
}

/** Reads what a `FrameWriter` wrote, in the same order. */
export class FrameReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #position = 0;

  constructor(frame: ArrayBuffer) {
    this.#bytes = Buffer.from(frame);
    this.#view = new DataView(frame);
  }

  number(): number {
    const value = this.#view.getFloat64(this.#position, true);
    this.#position += 8;
    return value;
  }

  nullableNumber(): number | null {
    const value = this.number();
    return Number.isNaN(value) ? null : value;
  }

  byte(): number {
    return this.#view.getUint8(this.#position++);
  }

  flag(): boolean {
    return this.byte() === 1;
  }

  text(): string {
    const start = this.#position + 4;
    const end = start + this.#view.getUint32(this.#position, true);
    this.#position = end;
    return this.#bytes.toString('utf8', start, end);
  }

  nullableText(): string | null {
    return this.flag() ? this.text() : null;
  }

  /** A view of the frame. */
  bytes(): Uint8Array {
    const start = this.#position + 4;
    const length = this.#view.getUint32(this.#position, true);
    this.#position = start + length;
    return new Uint8Array(this.#bytes.buffer, start, length);
  }

  /** Unchecked: only what our own writer wrote is read here. */
  json<Value>(): Value {
    return JSON.parse(this.text()) as Value;
  }

  list<Entry>(read: () => Entry): Entry[] {
    const length = this.number();
    const entries: Entry[] = [];
    for (let index = 0; index < length; index++) entries.push(read());
    return entries;
  }
}
