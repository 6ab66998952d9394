import { afterEach, describe, expect, it } from '@jest/globals';
import { runInThisContext } from 'node:vm';
import { Agent, MockAgent, ProxyAgent, interceptors } from 'undici';
import { nativeShape, unconfiguredAgentClass } from '../../../src/data/transport/agent-class.js';
import type { DispatcherLike } from '../../../src/data/transport/dispatcher-like.js';
import { findPlatform } from '../../../src/data/transport/platform.js';
import type { Platform } from '../../../src/data/transport/platform.js';

const real = runInThisContext('globalThis') as Record<symbol, unknown>;
const LEGACY_SLOT = Symbol.for('undici.globalDispatcher.1');
const MODERN_SLOT = Symbol.for('undici.globalDispatcher.2');

// Created first, so that the platform's own dispatcher is in its slot before a test replaces it.
const platform = findPlatform() as Platform;
const original = { legacy: real[LEGACY_SLOT], modern: real[MODERN_SLOT] };

/** As npm undici 7 does it, on the object where fetch looks. */
function setGlobalDispatcher(dispatcher: unknown): void {
  real[LEGACY_SLOT] = dispatcher;
  real[MODERN_SLOT] = dispatcher;
}

afterEach(() => {
  real[LEGACY_SLOT] = original.legacy;
  real[MODERN_SLOT] = original.modern;
});

describe('findPlatform', () => {
  it('finds the platform from inside a sandbox, and nobody else has set anything', () => {
    expect(platform.application('legacy')).toBeUndefined();
    expect(platform.application('modern')).toBeUndefined();
  });

  it('makes agents of the class that fetch uses', async () => {
    const agent = platform.createAgent({
      connections: 1,
      keepAliveTimeout: 1_000,
      allowH2: false,
      connect: { timeout: 1_000 },
    });
    expect(agent.constructor).toBe((original.modern ?? original.legacy)?.constructor);
    expect(nativeShape(agent)).toBe(platform.agentShape);
    await agent.close();
  });

  it.each([
    ['a proxy agent', () => new ProxyAgent('http://127.0.0.1:1'), 'ProxyAgent'],
    ['a mock agent', () => new MockAgent(), 'MockAgent'],
    ['an agent with options', () => new Agent({ connections: 5 }), 'Agent'],
    ['an agent with its own connector', () => new Agent({ connect: { timeout: 5 } }), 'Agent'],
    ['a composed agent', () => new Agent().compose(interceptors.retry()), 'Agent'],
    ['a plain object', () => ({ dispatch: () => true }), 'Object'],
  ])('sees %s that the application set, and again when it is gone', (_what, make, description) => {
    const dispatcher = make();
    setGlobalDispatcher(dispatcher);
    expect(platform.application('legacy')).toEqual({ dispatcher, shape: 'legacy', description });
    expect(platform.application('modern')).toEqual({ dispatcher, shape: 'modern', description });
    setGlobalDispatcher(original.legacy);
    expect(platform.application('legacy')).toBeUndefined();
  });

  it('takes an agent that nobody configured for no wish: importing npm undici puts one there', () => {
    setGlobalDispatcher(new Agent());
    expect(platform.application('legacy')).toBeUndefined();
    expect(platform.application('modern')).toBeUndefined();
  });

  it('builds on the class of npm undici when that is all there is', async () => {
    setGlobalDispatcher(new Agent());
    const fresh = findPlatform() as Platform;
    const agent = fresh.createAgent({
      connections: 1,
      keepAliveTimeout: 1_000,
      allowH2: false,
      connect: { timeout: 1_000 },
    });
    expect(agent).toBeInstanceOf(Agent);
    await agent.close();
  });

  it('counts a wish in either slot for both generations: old copies of undici write one only', () => {
    const dispatcher = new MockAgent();
    real[LEGACY_SLOT] = dispatcher;
    real[MODERN_SLOT] = undefined;
    expect(platform.application('modern')).toEqual({ dispatcher, shape: 'legacy', description: 'MockAgent' });
    real[LEGACY_SLOT] = undefined;
    real[MODERN_SLOT] = dispatcher;
    expect(platform.application('legacy')).toEqual({ dispatcher, shape: 'modern', description: 'MockAgent' });
  });

  it('looks through the wrapper that undici 8 puts into the legacy slot', () => {
    class Dispatcher1Wrapper {
      dispatch(): boolean {
        return true;
      }
    }
    const wrapper = new Dispatcher1Wrapper();
    real[LEGACY_SLOT] = wrapper;
    real[MODERN_SLOT] = new Agent();
    expect(platform.application('legacy')).toBeUndefined();
    const configured = new Agent({ connections: 5 });
    real[MODERN_SLOT] = configured;
    const expected = { dispatcher: configured, shape: 'modern', description: 'Agent' };
    expect(platform.application('legacy')).toEqual(expected);
    expect(platform.application('modern')).toEqual(expected);
  });

  it('cannot make an agent while the application alone decides', () => {
    setGlobalDispatcher(new MockAgent());
    const fresh = findPlatform() as Platform;
    expect(() => fresh.createAgent({} as never)).toThrow('no agent of its own');
  });
});

describe('unconfiguredAgentClass', () => {
  it('is not taken in by an own subclass of the same name', () => {
    const Mine = { Agent: class Agent_ extends Agent {} }.Agent;
    Object.defineProperty(Mine, 'name', { value: 'Agent' });
    expect(unconfiguredAgentClass(new Mine())).toBeUndefined();
    expect(unconfiguredAgentClass(new Agent())).toBe(Agent);
  });

  it('takes an agent whose dispatch was replaced for configured', () => {
    const agent = new Agent();
    agent.dispatch = () => true;
    expect(unconfiguredAgentClass(agent)).toBeUndefined();
  });

  it.each([[undefined], [null], ['agent'], [{}], [Object.create(null)]])('says no to %p', (value) => {
    expect(unconfiguredAgentClass(value)).toBeUndefined();
  });
});

describe('nativeShape', () => {
  it('tries which error callback an agent knows', () => {
    const throwing = {
      dispatch: () => {
        throw new Error('invalid onRequestStart method');
      },
    };
    expect(nativeShape(throwing as DispatcherLike)).toBe('modern');
    expect(nativeShape(new Agent() as unknown as DispatcherLike)).toBe('legacy');
  });
});
