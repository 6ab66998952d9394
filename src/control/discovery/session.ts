import type { CheckedAnswer } from './read-answer.js';
import type { Known } from './same-endpoints.js';

/** A resolver at work, asked or watched: what a feed drives. */
export interface Session {
  start(): void;
  /** Asks again now, or as soon as the rate limit allows. Returns whether a question went out at once. */
  refresh(): boolean;
  close(): void;
}

/** Where a session delivers. */
export interface SessionSink {
  /** What is in use now: what an answer says of these again need not be made anew. */
  readonly known: () => Known;
  readonly answer: (answer: CheckedAnswer) => void;
  readonly failure: (error: unknown) => void;
}
