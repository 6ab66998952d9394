/**
 * Looks at the value of a global dispatcher slot and says whether it is a plain connection pool that nobody configured.
 * Such an agent expresses no wish of the application: the platform put it there, or npm undici did because it was
 * imported. Anything else was put there on purpose (a proxy, a mock, an agent with options, a composed one).
 */

import type { Socket } from 'node:net';
import { types } from 'node:util';
import type { DispatcherLike, HandlerShape } from './dispatcher-like.js';

/** What undici asks of a connector: a socket, ready for use. */
export type Connect = (params: ConnectParams, callback: (error: Error | null, socket?: Socket) => void) => void;

export interface ConnectParams {
  /** From the Host header of the request that waits; nothing for an address. */
  readonly servername?: string | null;
}

/** The options of undici's Agent that we set. */
export interface AgentOptions {
  readonly connections: number;
  readonly keepAliveTimeout: number;
  readonly keepAliveMaxTimeout?: number;
  readonly allowH2: boolean;
  readonly headersTimeout?: number;
  readonly connect: Connect | { readonly timeout: number; readonly lookup?: unknown };
}

/** An agent that we made and may close. It makes one dispatcher for each origin. */
export interface OwnAgent extends DispatcherLike {
  /** `targets`: the agent, the dispatcher of the origin, the connection. */
  on(event: 'connect', listener: (origin: URL, targets: readonly DispatcherLike[]) => void): unknown;
  close(): Promise<void>;
  destroy(error?: Error): Promise<void>;
}

export type AgentClass = new (options: AgentOptions) => OwnAgent;

/** The class of an unconfigured agent; undefined for everything that carries a wish. When in doubt, it does. */
export function unconfiguredAgentClass(value: unknown): AgentClass | undefined {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return undefined;
  const prototype = Object.getPrototypeOf(value) as { constructor?: unknown } | null;
  const agentClass = prototype?.constructor;
  if (typeof agentClass !== 'function' || agentClass.name !== 'Agent') return undefined;
  // An application's own subclass may well have the same name; undici's has this parent.
  const parent = Object.getPrototypeOf(agentClass) as { name?: unknown };
  if (parent.name !== 'DispatcherBase' || Object.hasOwn(value, 'dispatch')) return undefined;
  return isUnconfigured(value) ? (agentClass as AgentClass) : undefined;
}

/** undici 6–8 keep what the agent was made with under private symbols of these names. */
function isUnconfigured(agent: object): boolean {
  const options = privateField(agent, 'options');
  const factory = privateField(agent, 'factory');
  if (typeof options !== 'object' || options === null || typeof factory !== 'function') return false;
  return factory.name === 'defaultFactory' && Object.values(options).every(isDefault);
}

/** `maxOrigins`, the only option with a value of its own, has this one. */
function isDefault(value: unknown): boolean {
  return value === undefined || value === Infinity;
}

function privateField(target: object, description: string): unknown {
  const key = Object.getOwnPropertySymbols(target).find((symbol) => symbol.description === description);
  return key === undefined ? undefined : (target as Record<symbol, unknown>)[key];
}

/**
 * Which handlers an agent takes as they are, found by trying: a dispatch that cannot work is reported to the handler's
 * error callback, of the generation that the agent knows. Undici 7 takes both and works in legacy inside.
 */
export function nativeShape(agent: DispatcherLike): HandlerShape {
  let legacy = false;
  try {
    agent.dispatch({} as never, { onConnect: () => {}, onError: () => (legacy = true) });
  } catch {
    // It does not know `onError`.
  }
  return legacy ? 'legacy' : 'modern';
}
