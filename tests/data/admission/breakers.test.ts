import { describe, expect, it } from '@jest/globals';

import type { BreakerChange } from '../../../src/data/admission/breaker.js';
import { createBreakers, type Breakers } from '../../../src/data/admission/breakers.js';
import { DEFAULT_BREAKER_SETTINGS, type BreakerSettings } from '../../../src/data/admission/breaker-settings.js';

function make(settings: Partial<BreakerSettings>): { breakers: Breakers; changes: BreakerChange[]; bad: string[] } {
  const changes: BreakerChange[] = [];
  const bad: string[] = [];
  const breakers = createBreakers({
    settings: { ...DEFAULT_BREAKER_SETTINGS, ...settings },
    random: { next: () => 0.5 },
    onChange: (change) => changes.push(change),
    onBadKey: (what) => bad.push(what),
  });
  return { breakers, changes, bad };
}

const get = (url: string): { method: string; url: string } => ({ method: 'GET', url });

describe('the breakers of a service', () => {
  it('are one without a key', () => {
    const { breakers } = make({});
    expect(breakers.of(get('/a'))).toBe(breakers.of(get('/b')));
    expect(breakers.named('a')).toBe(breakers.named(undefined));
    expect(breakers.views(0)).toHaveLength(1);
  });

  it('are one for each key, and the own one for requests without', () => {
    const { breakers } = make({ key: ({ method, url }) => (method === 'GET' ? url : undefined) });
    expect(breakers.of(get('/a'))).toBe(breakers.of(get('/a')));
    expect(breakers.of(get('/a'))).not.toBe(breakers.of(get('/b')));
    expect(breakers.of({ method: 'POST', url: '/a' })).toBe(breakers.named(undefined));
    expect(breakers.views(0).map(({ key }) => key)).toEqual([undefined, '/b', '/a']);
  });

  it('are no more than maxKeys and the own one: the least recently used goes', () => {
    const { breakers } = make({ key: ({ url }) => url, maxKeys: 2 });
    const first = breakers.of(get('/a'));
    breakers.of(get('/b'));
    breakers.of(get('/a'));
    breakers.of(get('/c'));
    expect(breakers.of(get('/a'))).toBe(first);
    for (let key = 0; key < 1_000; key++) breakers.of(get(`/${key}`));
    expect(breakers.views(0)).toHaveLength(3);
  });

  it('never lose one that was isolated by hand', () => {
    const { breakers } = make({ key: ({ url }) => url, maxKeys: 1 });
    const isolated = breakers.named('/a');
    isolated.isolate(0);
    for (let key = 0; key < 10; key++) breakers.of(get(`/${key}`));
    expect(breakers.of(get('/a'))).toBe(isolated);
    expect(breakers.views(0).map(({ state }) => state)).toContain('isolated');
    isolated.release(0);
    for (let key = 0; key < 10; key++) breakers.of(get(`/${key}`));
    expect(breakers.of(get('/a'))).not.toBe(isolated);
  });

  it('go by the own one when the key function fails, and say so', () => {
    const broken = make({ key: ({ url }) => new URL(url).pathname });
    expect(broken.breakers.of(get('no URL'))).toBe(broken.breakers.named(undefined));
    expect(broken.bad).toEqual([expect.stringMatching(/^threw: .*Invalid URL/)]);
    const wrong = make({ key: (() => 7) as unknown as () => string });
    expect(wrong.breakers.of(get('/a'))).toBe(wrong.breakers.named(undefined));
    expect(wrong.bad).toEqual(['returned a number, which is no key']);
  });
});
