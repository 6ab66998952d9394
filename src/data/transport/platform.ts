/**
 * The platform's own undici, without importing any. Node's fetch keeps its dispatcher under well-known symbols of the
 * real global object, for other copies of undici to find (undici#4827, #5319); through them we reach the class of its
 * agent, and see whether the application has put something of its own there.
 *
 * `.1` takes legacy handlers, `.2` modern ones. Node 20 and 22 have `.1`, Node 24 has both, Node 26 has `.2` and a
 * wrapper of it in `.1`; a copy of undici from npm writes one or both.
 */

import { runInThisContext } from 'node:vm';
import type { AgentClass, AgentOptions, OwnAgent } from './agent-class.js';
import { nativeShape, unconfiguredAgentClass } from './agent-class.js';
import type { DispatcherLike, HandlerShape } from './dispatcher-like.js';
import { isOwnDispatcher } from './own-dispatcher.js';

const LEGACY_SLOT = Symbol.for('undici.globalDispatcher.1');
const MODERN_SLOT = Symbol.for('undici.globalDispatcher.2');

/** Touching one of these loads the bundled undici, which then fills its slot. More than one, because a polyfill may have replaced some. */
const LAZY_GLOBALS = ['Response', 'Headers', 'Request', 'FormData', 'WebSocket'] as const;

type RealGlobal = Record<string | symbol, unknown>;

/** What the application wants its HTTP to go through. */
export interface ApplicationDispatcher {
  readonly dispatcher: DispatcherLike;
  /** The handlers that it surely takes. */
  readonly shape: HandlerShape;
  /** Its class, for messages. */
  readonly description: string;
}

export interface Platform {
  /** The handlers that our agents take without a conversion. */
  readonly agentShape: HandlerShape;
  /** Makes a connection pool of the platform's own kind. Throws while only the application's dispatcher is there. */
  createAgent(options: AgentOptions): OwnAgent;
  /**
   * The application's own dispatcher, when it has set one, for handlers of this shape. Asked for every dispatch,
   * because an application may set one at any time; costs two property reads while nothing changes.
   */
  application(shape: HandlerShape): ApplicationDispatcher | undefined;
}

/** Undefined where there is no undici under fetch (other runtimes): then only the URL can be rewritten. */
export function findPlatform(): Platform | undefined {
  // Not `globalThis`: a test runner's sandbox has one of its own, and fetch does not look there.
  const real = runInThisContext('globalThis') as RealGlobal;
  for (const name of LAZY_GLOBALS) {
    void real[name];
    if ((real[LEGACY_SLOT] ?? real[MODERN_SLOT]) !== undefined) return new SlotPlatform(real);
  }
  return undefined;
}

class SlotPlatform implements Platform {
  private readonly real: RealGlobal;
  private agentClass: AgentClass | undefined;
  private shape: HandlerShape = 'legacy';
  private legacySlot: unknown;
  private modernSlot: unknown;
  private forLegacy: ApplicationDispatcher | undefined;
  private forModern: ApplicationDispatcher | undefined;

  constructor(real: RealGlobal) {
    this.real = real;
    this.inspect();
  }

  get agentShape(): HandlerShape {
    return this.shape;
  }

  createAgent(options: AgentOptions): OwnAgent {
    if (this.agentClass === undefined)
      throw new Error('The platform has no agent of its own; an application dispatcher is in use');
    return new this.agentClass(options);
  }

  application(shape: HandlerShape): ApplicationDispatcher | undefined {
    if (this.real[LEGACY_SLOT] !== this.legacySlot || this.real[MODERN_SLOT] !== this.modernSlot) this.inspect();
    return shape === 'legacy' ? this.forLegacy : this.forModern;
  }

  private inspect(): void {
    const legacy = (this.legacySlot = this.real[LEGACY_SLOT]);
    const modern = (this.modernSlot = this.real[MODERN_SLOT]);
    const legacyClass = unconfiguredAgentClass(legacy);
    const modernClass = unconfiguredAgentClass(modern);
    this.learn(legacyClass, legacy);
    this.learn(modernClass, modern);
    // A wrapper in the legacy slot stands for what undici 8 put into the other one.
    const isWrapper = nameOf(legacy) === 'Dispatcher1Wrapper' && modern !== legacy && modern !== undefined;
    const legacyWish = legacyClass || isWrapper ? undefined : wishOf(legacy, 'legacy');
    const modernWish = modernClass ? undefined : wishOf(modern, 'modern');
    // Old copies of undici write one slot only; what the application wants counts for both.
    this.forLegacy = legacyWish ?? modernWish;
    this.forModern = modernWish ?? legacyWish;
  }

  /** The first class found stays: agents of one client are of one kind. */
  private learn(agentClass: AgentClass | undefined, agent: unknown): void {
    if (agentClass === undefined || this.agentClass !== undefined) return;
    this.agentClass = agentClass;
    this.shape = nativeShape(agent as DispatcherLike);
  }
}

function wishOf(value: unknown, shape: HandlerShape): ApplicationDispatcher | undefined {
  // A client's own dispatcher, made the global one, sends by name: handing it an endpoint's address would go in circles.
  if (value === undefined || isOwnDispatcher(value)) return undefined;
  return { dispatcher: value as DispatcherLike, shape, description: nameOf(value) };
}

function nameOf(value: unknown): string {
  const { constructor } = value !== null && typeof value === 'object' ? value : {};
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'dispatcher';
}
