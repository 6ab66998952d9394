import { describe, expect, it } from '@jest/globals';

import type { ConsulResolverOptions } from '../../../../src/control/resolvers/consul/consul-options.js';
import { consulResolver } from '../../../../src/control/resolvers/consul/consul-resolver.js';
import { HANG, watchAgent } from './agent-double.js';

async function urlWith(options: Partial<ConsulResolverOptions>): Promise<string> {
  const agent = watchAgent([HANG], options);
  await agent.run(0);
  agent.stop();
  return agent.questions[0]!.url.href;
}

const BASE = 'http://127.0.0.1:8500/v1/health/service/web';

describe('consulResolver', () => {
  it.each<[Partial<ConsulResolverOptions>, string]>([
    [{}, `${BASE}?passing=1`],
    [{ passing: false }, BASE],
    [{ tags: ['v1', 'a b'] }, `${BASE}?passing=1&tag=v1&tag=a+b`],
    [{ filter: 'Service.Meta.v == "2"' }, `${BASE}?passing=1&filter=Service.Meta.v+%3D%3D+%222%22`],
    [{ near: '_agent' }, `${BASE}?passing=1&near=_agent`],
    [{ dc: 'dc2', namespace: 'team', partition: 'p' }, `${BASE}?passing=1&dc=dc2&ns=team&partition=p`],
    [{ consistency: 'stale' }, `${BASE}?passing=1&stale=1`],
    [{ consistency: 'consistent' }, `${BASE}?passing=1&consistent=1`],
    [{ consistency: 'default' }, `${BASE}?passing=1`],
    [{ cached: true }, `${BASE}?passing=1&cached=1`],
    [{ service: 'wéb?x=1&' }, 'http://127.0.0.1:8500/v1/health/service/w%C3%A9b%3Fx%3D1%26?passing=1'],
    [
      { url: new URL('https://consul.internal/prefix/') },
      'https://consul.internal/prefix/v1/health/service/web?passing=1',
    ],
  ])('asks what %j says', async (options, url) => {
    expect(await urlWith(options)).toBe(url);
  });

  it.each<[unknown, RegExp]>([
    [{}, /consulResolver\.service: is required/],
    [{ service: '' }, /consulResolver\.service: must be the name of a service/],
    [{ service: 'a/b' }, /consulResolver\.service/],
    [{ service: '..' }, /consulResolver\.service/],
    [{ service: 'a\n' }, /consulResolver\.service/],
    [{ service: 'web', tag: 'v1' }, /consulResolver\.tag: unknown option; did you mean 'tags'\?/],
    [{ service: 'web', tags: 'v1' }, /consulResolver\.tags: must be an array/],
    [{ service: 'web', url: [] }, /consulResolver\.url: must hold at least one address/],
    [{ service: 'web', url: ['http://a', 'ftp://b'] }, /consulResolver\.url\[1\]: must be http or https/],
    [{ service: 'web', url: 'http://u:hunter2@a' }, /^(?!.*hunter2).*must hold no user or password/],
    [{ service: 'web', url: 'http://a?token=hunter2' }, /^(?!.*hunter2).*must hold no query/],
    [{ service: 'web', consistency: 'stail' }, /consulResolver\.consistency: must be one of.*did you mean 'stale'\?/],
    [{ service: 'web', cached: true, consistency: 'consistent' }, /consulResolver\.cached/],
    [{ service: 'web', waitMs: 999 }, /consulResolver\.waitMs: must be milliseconds from 1000 to 600000, got 999/],
    [{ service: 'web', timeoutMs: 0 }, /consulResolver\.timeoutMs/],
    [{ service: 'web', token: '' }, /consulResolver\.token: must be/],
    [{ service: 'web', token: 'hunter2\nx' }, /^(?!.*hunter2).*consulResolver\.token/s],
    [{ service: 'web', tls: { CA: 'x' } }, /consulResolver\.tls\.CA: unknown option/],
    [{ service: 'web', tls: { ca: 'x' }, fetch: globalThis.fetch }, /consulResolver\.tls: has no effect/],
  ])('refuses %j', (options, message) => {
    expect(() => consulResolver(options as ConsulResolverOptions)).toThrow(message);
  });

  it('keeps nothing of the object that it was given', async () => {
    const tags = ['v1'];
    const options = { service: 'web', tags };
    const agent = watchAgent([HANG], options);
    tags.push('v2');
    await agent.run(0);
    expect(agent.questions[0]!.url.search).toBe('?passing=1&tag=v1');
  });
});
