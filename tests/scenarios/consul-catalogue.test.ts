/** What a real Consul agent says of a service, while the service is called. */

import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';

import { systemClock } from '../../src/core/clock.js';
import { systemRandom } from '../../src/core/random.js';
import type { Resolution } from '../../src/core/resolution.js';
import { consulResolver, type ConsulResolverOptions } from '../../src/consul.js';
import { createFeed, type Feed } from '../../src/control/discovery/feed.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { SETTINGS } from '../control/discovery/settings.js';
import { startConsul, type Consul, type Instance } from '../support/consul.js';
import { underTraffic } from '../support/consul-traffic.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

/** From Consul's knowledge to ours, beside the half second between two questions. The machine may be busy. */
const PROMPT_MS = 1_500;

describeWithServer('consul', 'what Consul says', () => {
  let consul: Consul;
  let fleet: Fleet;
  let one: number, two: number, three: number;
  /** Each test has a service of its own. */
  let service: string;
  let services = 0;
  let feed: Feed | undefined;

  beforeAll(async () => {
    // On all addresses of the loopback interface, so that one server can stand for many.
    [consul, fleet] = await Promise.all([startConsul(), startFleet({ size: 3, hosts: ['0.0.0.0'] })]);
    [one, two, three] = fleet.servers.map(({ port }) => port) as [number, number, number];
  }, 60_000);
  beforeEach(() => {
    service = `orders-${++services}`;
  });
  afterEach(() => feed?.close());
  afterAll(() => Promise.all([consul.close(), fleet.close()]));

  const register = (port: number, more: Partial<Instance> = {}): Promise<void> =>
    consul.register({ name: service, id: `${service}-${port}`, port, ...more });
  const options = (more: Partial<ConsulResolverOptions> = {}): ConsulResolverOptions => ({
    service,
    url: consul.url,
    ...more,
  });

  /** What one question is answered with. */
  async function ask(more: Partial<ConsulResolverOptions> = {}): Promise<Resolution> {
    feed?.close();
    const { resolution, start } = (feed = createFeed({
      resolver: consulResolver(options(more)),
      cache: SETTINGS,
      clock: systemClock,
      random: systemRandom,
      onChange: () => {},
    }));
    start();
    await until(() => resolution().status !== 'unknown', { what: 'an answer' });
    return resolution();
  }
  const portsOf = ({ endpoints }: Resolution): (number | undefined)[] => endpoints.map(({ port }) => port).sort();

  it('is heard within the held question when instances come and go', async () => {
    await register(one);
    await underTraffic(options(), async ({ uses, goesOn }) => {
      await uses(one);
      await goesOn(40);
      await register(two);
      expect(await uses(one, two)).toBeLessThan(PROMPT_MS);
      await goesOn(40);
      await consul.deregister(`${service}-${one}`);
      expect(await uses(two)).toBeLessThan(PROMPT_MS);
      await register(three);
      await uses(two, three);
      await goesOn();
    });
  });

  it('that nobody serves the name is "none", and is heard to end', async () => {
    expect(await ask()).toMatchObject({ status: 'none', endpoints: [] });
    await register(one);
    await until(() => feed!.resolution().status === 'found', { what: 'the first instance' });
  });

  it('that a check went critical by its time to live takes the instance out, and its return brings it back', async () => {
    await Promise.all([register(one), register(two), register(three, { ttl: '1s' })]);
    await underTraffic(options(), async ({ uses, goesOn }) => {
      await uses(one, two, three);
      await uses(one, two);
      await goesOn();
      await consul.setCheck(`${service}-${three}`, 'pass');
      expect(await uses(one, two, three)).toBeLessThan(PROMPT_MS);
      await goesOn();
    });
  });

  it('that an instance is in maintenance takes it out', async () => {
    await Promise.all([register(one), register(two)]);
    await underTraffic(options(), async ({ uses, goesOn }) => {
      await uses(one, two);
      await consul.call('PUT', `/v1/agent/service/maintenance/${service}-${one}?enable=true&reason=deploy`);
      expect(await uses(two)).toBeLessThan(PROMPT_MS);
      await goesOn();
      await consul.call('PUT', `/v1/agent/service/maintenance/${service}-${one}?enable=false`);
      await uses(one, two);
    });
  });

  it('of weights counts by the state of the checks', async () => {
    const weights = { Passing: 10, Warning: 2 };
    await Promise.all([
      register(one, { weights, ttl: '60s' }),
      register(two, { weights, ttl: '60s' }),
      register(three),
    ]);
    await consul.setCheck(`${service}-${two}`, 'warn');
    await underTraffic(options({ passing: false }), async ({ uses, endpoints, goesOn }) => {
      await uses(one, two, three);
      const weightOf = (port: number): number | undefined => endpoints().find((each) => each.port === port)?.weight;
      expect([one, two, three].map(weightOf)).toEqual([10, 2, 1]);
      await consul.setCheck(`${service}-${one}`, 'warn');
      await until(() => weightOf(one) === 2, { what: 'the weight of the warning' });
      await consul.setCheck(`${service}-${one}`, 'fail');
      await uses(two, three);
      await goesOn();
    });
    expect(portsOf(await ask())).toEqual([three]);
  });

  it('can be narrowed by tags and by a filter, each followed', async () => {
    await register(one, { tags: ['v1', 'blue'], meta: { version: '1' } });
    await register(two, { tags: ['v1'], meta: { version: '2' } });
    await register(three, { tags: ['v2'], meta: { version: '2' } });
    expect(portsOf(await ask({ tags: ['v1', 'blue'] }))).toEqual([one]);
    expect(portsOf(await ask({ tags: ['none-has-this'] }))).toEqual([]);
    expect(portsOf(await ask({ filter: 'Service.Meta.version == "2"' }))).toEqual([two, three].sort());
    await underTraffic(options({ tags: ['v1'], filter: 'Service.Meta.version != "3"' }), async ({ uses, goesOn }) => {
      await uses(one, two);
      await register(two, { tags: ['v2'] });
      await uses(one);
      await goesOn();
    });
  });

  it('of a filter that it does not understand is told', async () => {
    await register(one);
    const { status, error } = await ask({ filter: 'Service.Nonsense == 1' });
    expect(status).toBe('failed');
    expect(String(error)).toContain(
      `/v1/health/service/${service}: status 500: Failed to create boolean expression evaluator: Selector "Service.Nonsense" is not valid`,
    );
  });

  it('of an instance without an address is that of its node', async () => {
    const node = { Node: `ext-${service}`, Address: '127.0.0.9', Service: { ID: 'x', Service: service, Port: one } };
    await consul.call('PUT', '/v1/catalog/register', node);
    await underTraffic(options(), async ({ endpoints, goesOn }) => {
      expect(endpoints()).toMatchObject([{ host: '127.0.0.9', port: one }]);
      await goesOn();
    });
  });

  it('is complete with 60 instances, and zones and metadata come along', async () => {
    const register60 = Array.from({ length: 60 }, (_, i) =>
      register(one, {
        id: `${service}-${i}`,
        address: `127.0.1.${i + 1}`,
        tags: ['big'],
        meta: { zone: i % 2 === 0 ? 'a' : 'b', n: `${i}` },
      }),
    );
    await Promise.all(register60);
    await underTraffic(options(), async ({ endpoints, goesOn }) => {
      await until(() => endpoints().length === 60, { what: '60 endpoints' });
      expect(endpoints().filter(({ zone }) => zone === 'a')).toHaveLength(30);
      await goesOn(120);
    });
    const { endpoints } = await ask({ near: '_agent' });
    expect(endpoints).toHaveLength(60);
    expect(endpoints.find(({ host }) => host === '127.0.1.6')).toMatchObject({
      zone: 'b',
      region: 'dc1',
      metadata: { n: '5', 'consul.tags': 'big', 'consul.node': 'n1', 'consul.id': `${service}-5` },
    });
  });

  it('of two ids at one address makes one endpoint', async () => {
    await register(one, { id: `${service}-old` });
    await register(one, { id: `${service}-new` });
    const { endpoints } = await ask();
    expect(endpoints).toMatchObject([{ port: one, metadata: { 'consul.id': `${service}-new` } }]);
  });

  it.each<Partial<ConsulResolverOptions>>([
    { consistency: 'stale' },
    { consistency: 'consistent' },
    { cached: true },
    { cached: true, consistency: 'stale' },
    { dc: 'dc1' },
  ])('is followed with %j, too', async (more) => {
    await register(one);
    await underTraffic(options(more), async ({ uses, goesOn }) => {
      await uses(one);
      await goesOn(40);
      await register(two);
      expect(await uses(one, two)).toBeLessThan(PROMPT_MS);
      await goesOn();
    });
  });

  it('of a data center that it cannot reach is told', async () => {
    expect(String((await ask({ dc: 'dc2' })).error)).toContain('status 500: No path to datacenter');
  });
});
