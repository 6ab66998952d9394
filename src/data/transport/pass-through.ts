/**
 * Connections to hosts that are no service: the application's own dispatcher where it has one, else a plain agent of
 * the platform, as fetch would use.
 *
 * For hosts that a redirect led to there is a gate: the address that is dialled is one that the gate lets pass, whatever
 * the host's name resolves to.
 */

import { callError } from '../../core/errors.js';
import type { AgentOptions, OwnAgent } from './agent-class.js';
import { bridgeHandler } from './bridge-handler.js';
import type { DispatchHandler, DispatchOptions } from './dispatcher-like.js';
import { addressRefused, guardedLookup, refusalOf, type RefuseAddress } from './guarded-lookup.js';
import { failHandler, shapeOf } from './handler-shape.js';
import type { Platform } from './platform.js';

export interface PassThrough {
  /** Errors, refusals included, go to the handler. */
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean;
  /** Lets what runs finish, and refuses dispatches from now on. */
  close(): Promise<void>;
  /** Fails what runs. */
  destroy(error?: Error): Promise<void>;
}

/** @param refuse the gate. @default everything passes */
export function createPassThrough(platform: () => Platform, refuse?: RefuseAddress): PassThrough {
  let agent: OwnAgent | undefined;
  let closed = false;
  return {
    dispatch(options, handler) {
      if (closed) return fail(handler, callError('ERR_CLIENT_CLOSED', 'the transport is closed'));
      const refusal = refuse === undefined ? undefined : refusalOf(String(options.origin), refuse);
      if (refusal !== undefined) return fail(handler, addressRefused(refusal));
      const there = platform();
      const application = there.application(shapeOf(handler));
      if (application !== undefined)
        return application.dispatcher.dispatch(options, bridgeHandler(handler, application.shape));
      agent ??= there.createAgent(agentOptions(refuse));
      return agent.dispatch(options, bridgeHandler(handler, there.agentShape));
    },
    // An agent that is destroyed while it closes rejects: then it is closed as well.
    async close() {
      closed = true;
      await agent?.close().catch(() => {});
    },
    async destroy(error) {
      closed = true;
      await agent?.destroy(error).catch(() => {});
    },
  };
}

/** As the platform's own would be, but for bounded connections. */
function agentOptions(refuse: RefuseAddress | undefined): AgentOptions {
  // The port is the origin's, and was checked with it.
  const gate = refuse === undefined ? {} : { lookup: guardedLookup(undefined, refuse) };
  return { connections: 512, keepAliveTimeout: 4_000, allowH2: false, connect: { timeout: 10_000, ...gate } };
}

function fail(handler: DispatchHandler, error: unknown): false {
  failHandler(handler, error);
  return false;
}
