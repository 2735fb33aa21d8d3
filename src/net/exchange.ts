/**
 * One request and its answer, as undici's handler. A class, since there is one per attempt.
 *
 * Once the head of an answer is here the attempt has its status, and nothing that happens to the body changes it (spec
 * destinations.md §7.3): a reset, a timeout or a shutdown in the middle leaves the part that came.
 */
import type { Dispatcher } from 'undici';
import type { HttpResult } from '../ports/http-client.ts';
import type { RequestTarget } from './request-target.ts';
import { type HttpFailure, transportFailure } from './transport-error.ts';

const EMPTY = new Uint8Array(0);

export interface ExchangeOptions {
  readonly target: RequestTarget;
  readonly signal: AbortSignal;
  readonly responseMaxBytes: number;
  /** Called once, with the result. */
  readonly settled: (exchange: Exchange, result: HttpResult) => void;
}

export class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  #controller: Dispatcher.DispatchController | null = null;
  #isSettled = false;
  #replyBegun = false;
  #status: number | null = null;
  #headers: Readonly<Record<string, string | readonly string[]>> = {};
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  get signal(): AbortSignal {
    return this.#options.signal;
  }

  /** Whether the request has got a connection. */
  get isSent(): boolean {
    return this.#controller !== null;
  }

  /** Ends the exchange from our side; with `result` unless a status had come. */
  giveUp(result: HttpFailure): void {
    if (this.#isSettled) return;
    if (this.#status === null) this.#settle(result);
    else this.#answer(this.#status);
    this.#hangUp();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isSettled) this.#hangUp();
  }

  onResponseStarted(): void {
    this.#replyBegun = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    // Interim answers (103) come here too; the real one follows.
    this.#replyBegun = status >= 200;
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers as Readonly<Record<string, string | readonly string[]>>;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#options.responseMaxBytes) {
      this.#chunks.push(chunk);
    } else if (this.#status !== null) {
      this.#answer(this.#status);
      this.#hangUp();
    }
  }

  onResponseEnd(): void {
    if (this.#status !== null) this.#answer(this.#status);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#status !== null) this.#answer(this.#status);
    else this.#settle(transportFailure(error, this.#options.target, this.#replyBegun));
  }

  #answer(status: number): void {
    const tooLong = this.#bytes > this.#options.responseMaxBytes;
    const [first = EMPTY] = this.#chunks;
    const body = tooLong ? EMPTY : this.#chunks.length < 2 ? first : Buffer.concat(this.#chunks);
    this.#settle({ ok: true, status, headers: this.#headers, body, tooLong });
  }

  #settle(result: HttpResult): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#chunks = [];
    this.#options.settled(this, result);
  }

  #hangUp(): void {
    this.#controller?.abort(new Error('the exchange is over'));
  }
}
