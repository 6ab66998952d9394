/**
 * An agent that can still be destroyed while it drains. undici's own forgets its connections as soon as it is asked to
 * close, so they are remembered here, by the `connect` event that its dispatchers document.
 */

import type { OwnAgent } from './agent-class.js';
import type { DispatcherLike, DispatchHandler, DispatchOptions } from './dispatcher-like.js';

export class AgentPool {
  private readonly agent: OwnAgent;
  /** The dispatcher below the agent; it exists from the first connection on. */
  private below: DispatcherLike | undefined;
  private closing: Promise<void> | undefined;

  constructor(agent: OwnAgent) {
    this.agent = agent;
    agent.on('connect', (_origin, targets) => {
      this.below = targets[1];
    });
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    return this.agent.dispatch(options, handler);
  }

  /** Resolves when what runs has finished. */
  close(): Promise<void> {
    // An agent that is destroyed while it closes rejects: then it is closed as well.
    return (this.closing ??= this.agent.close().catch(() => {}));
  }

  /** Fails what runs, also after `close`. What is still connecting fails by itself, at the latest with its timeout. */
  async destroy(error: Error | undefined): Promise<void> {
    await (this.closing === undefined ? this.agent : this.below)?.destroy?.(error).catch(() => {});
  }
}
