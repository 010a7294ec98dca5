/** What a connection does with what its transport brings. */
export interface TransportEvents {
  /** `buffer[0, length)` arrived; the buffer is reused after the call. */
  bytes(buffer: Buffer, length: number): void;
  /** Everything sent so far has left this process. */
  drained(): void;
  /** The transport is over; `error` says why if it did not end by itself. */
  ended(error?: Error): void;
}

/** A byte pipe to a libvirt server: Unix socket, TCP, TLS or SSH. */
export interface Transport {
  /** For messages: `socket /run/libvirt/libvirt-sock`. */
  readonly peer: string;
  /** Whether nobody between here and there can read along: PLAIN is allowed only then. */
  readonly confidential: boolean;
  /** Begins delivery. Called once. */
  start(events: TransportEvents): void;
  /** Sends whole messages, which must not change until `drained`. True if they have left already; else nothing is sent before `drained`. */
  send(bytes: Buffer): boolean;
  /** Stops or goes on reading. */
  pause(paused: boolean): void;
  /** Ends it at once. `ended` is not called for it. */
  destroy(): void;
}
