import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Endpoint, EndpointInput } from '../../../src/core/endpoint.js';
import { normalizeEndpoint } from '../../../src/control/discovery/normalize-endpoint.js';
import { createRecognizer } from '../../../src/control/discovery/recognizer.js';
import { knownFrom } from '../../../src/control/discovery/same-endpoints.js';

function accepted(input: EndpointInput): Endpoint {
  const endpoint = normalizeEndpoint(input);
  if (typeof endpoint === 'string') throw new Error(endpoint);
  return endpoint;
}

const refusal = (input: unknown): string => {
  const endpoint = normalizeEndpoint(input as EndpointInput);
  return typeof endpoint === 'string' ? endpoint : `accepted as ${endpoint.id}`;
};

describe('normalizeEndpoint', () => {
  it.each([
    ['orders-1', 'http://orders-1', 'orders-1', undefined, undefined, ''],
    ['10.0.0.1:8080', 'http://10.0.0.1:8080', '10.0.0.1', 8080, undefined, ''],
    ['[::1]:80', 'http://[::1]:80', '::1', 80, undefined, ''],
    ['[::1]', 'http://[::1]', '::1', undefined, undefined, ''],
    ['http://h:81/base', 'http://h:81/base', 'h', 81, 'http', '/base'],
    ['https://h', 'https://h', 'h', undefined, 'https', ''],
    ['https://[2001:DB8::1]:8443/a/b/', 'https://[2001:db8::1]:8443/a/b', '2001:db8::1', 8443, 'https', '/a/b'],
    ['http://H.Example.:80/', 'http://h.example:80', 'h.example', 80, 'http', ''],
  ] as const)('reads the text %s', (text, id, host, port, scheme, basePath) => {
    expect(accepted(text)).toMatchObject({ id, host, port, scheme, basePath, weight: 1, priority: 0 });
  });

  it('reads every field of an object', () => {
    const input = {
      host: 'h',
      port: 1,
      scheme: 'https',
      basePath: '/x',
      id: 'one',
      weight: 0,
      priority: 127,
      region: 'eu',
      zone: 'a',
      hostname: 'Logical.example',
      metadata: { version: '2' },
    } as const;
    expect(accepted(input)).toEqual({ ...input, hostname: 'logical.example' });
  });

  it('gives the same identity to the text and the object that say the same', () => {
    expect(accepted('http://h:1/x').id).toBe(accepted({ host: 'h', port: 1, basePath: '/x/' }).id);
  });

  it('freezes the result and its metadata, and keeps nothing of the input', () => {
    const metadata = { a: '1' };
    const endpoint = accepted({ host: 'h', metadata });
    metadata.a = '2';
    expect(endpoint.metadata['a']).toBe('1');
    expect(Object.isFrozen(endpoint) && Object.isFrozen(endpoint.metadata)).toBe(true);
  });

  it.each([
    ['', 'must be'],
    ['h:0', 'must be'],
    ['h:65536', 'must be'],
    ['::1', 'must be'],
    ['user:secret@h', 'must be'],
    ['http://user@h/', 'must be'],
    ['ftp://h', 'must be'],
    ['http://h\n', 'must be'],
    ['http://h/a?b', 'basePath'],
    ['http://h?b', 'basePath'],
    ['http://h/a#b', 'basePath'],
    ['http://h/a/../b', 'basePath'],
    ['http://h/%2e%2E/b', 'basePath'],
    ['http://h/.', 'basePath'],
    ['http://h//evil', 'basePath'],
    ['http://h/a\\b', 'basePath'],
    [{ host: 'h', basePath: 'a' }, 'basePath'],
    [{ host: '' }, 'host'],
    [{ host: 'a b' }, 'host'],
    [{ host: '127.1' }, 'host'],
    [{ host: 'h', port: '80' }, 'port'],
    [{ host: 'h', port: 0 }, 'port'],
    [{ host: 'h', port: 1.5 }, 'port'],
    [{ host: 'h', port: NaN }, 'port'],
    [{ host: 'h', scheme: 'HTTP' }, 'scheme'],
    [{ host: 'h', weight: -1 }, 'weight'],
    [{ host: 'h', weight: NaN }, 'weight'],
    [{ host: 'h', weight: Infinity }, 'weight'],
    [{ host: 'h', weight: 1e6 + 1 }, 'weight'],
    [{ host: 'h', weight: '1' }, 'weight'],
    [{ host: 'h', priority: -1 }, 'priority'],
    [{ host: 'h', priority: 128 }, 'priority'],
    [{ host: 'h', priority: 0.5 }, 'priority'],
    [{ host: 'h', id: '' }, 'id'],
    [{ host: 'h', zone: 5 }, 'zone'],
    [{ host: 'h', region: '' }, 'region'],
    [{ host: 'h', hostname: 'a/b' }, 'hostname'],
    [{ host: 'h', metadata: 'x' }, 'metadata'],
    [{}, 'host'],
    [null, 'must be a string or an object'],
    [7, 'must be a string or an object'],
    [[], 'must be a string or an object'],
  ])('refuses %j', (input, reason) => {
    expect(refusal(input)).toMatch(new RegExp(`^${reason}`));
  });

  it('says why without repeating what may be a password', () => {
    expect(refusal('http://user:secret@h')).not.toContain('secret');
  });

  it('reads own properties only', () => {
    expect(refusal(Object.create({ host: 'h' }))).toMatch(/^host/);
    const inherited = Object.create({ hostname: 'evil' }) as { host: string };
    inherited.host = 'h';
    expect(accepted(inherited).hostname).toBeUndefined();
  });

  it('survives an input that throws when it is read', () => {
    const input = {
      get host(): string {
        throw new Error('no');
      },
    };
    expect(refusal(input)).toBe('it cannot be read');
  });

  it('drops metadata that is not text or too much, and keeps the endpoint', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, 'v']));
    expect(Object.keys(accepted({ host: 'h', metadata: many }).metadata)).toHaveLength(64);
    const odd = { n: 1, long: 'x'.repeat(1_025), ok: 'x'.repeat(1_024) } as unknown as Record<string, string>;
    expect(Object.keys(accepted({ host: 'h', metadata: odd }).metadata)).toEqual(['ok']);
  });

  it('gives metadata no prototype to look into', () => {
    const metadata = JSON.parse('{"__proto__":"x"}') as Record<string, string>;
    expect(accepted({ host: 'h', metadata }).metadata['constructor']).toBeUndefined();
    expect(accepted({ host: 'h', metadata }).metadata['__proto__']).toBe('x');
  });

  it('never throws, and what it accepts it accepts again unchanged', () => {
    const field = fc.oneof(fc.anything(), fc.constantFrom('h', 80, '/x', 'http', 0, 1, { a: 'b' }));
    const object = fc.record(
      { host: field, port: field, scheme: field, basePath: field, weight: field, metadata: field, id: field },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string(), fc.webUrl(), object), (input) => {
        const endpoint = normalizeEndpoint(input as EndpointInput);
        if (typeof endpoint === 'string') return endpoint.length > 0;
        expect(normalizeEndpoint(endpoint as EndpointInput)).toEqual(endpoint);
        const given = typeof input === 'object' && input !== null && Object.hasOwn(input, 'id');
        return given || new URL(endpoint.id).protocol.startsWith('http');
      }),
      { numRuns: 500 },
    );
  });
});

describe('normalizeEndpoint among known endpoints', () => {
  const full = {
    host: 'h',
    port: 80,
    scheme: 'http',
    basePath: '/b',
    weight: 2,
    priority: 1,
    region: 'r',
    zone: 'z',
    hostname: 'n',
    metadata: { a: '1' },
  } as const;
  const known = knownFrom(['g:1', full, { host: 'i', id: 'own' }].map(accepted));
  const again = (input: EndpointInput): Endpoint | string => normalizeEndpoint(input, createRecognizer(known));

  it.each([['g:1'], [{ host: 'g', port: 1 }], [{ ...full, metadata: { a: '1' } }], [{ host: 'i', id: 'own' }]])(
    'recognizes %j',
    (input) => {
      expect(known.list).toContain(again(input));
    },
  );

  it.each([
    ['port', 81],
    ['scheme', 'https'],
    ['basePath', '/c'],
    ['weight', 3],
    ['priority', 0],
    ['region', undefined],
    ['zone', 'y'],
    ['hostname', 'm'],
    ['metadata', { a: '2' }],
    ['metadata', { a: '1', b: '2' }],
    ['metadata', {}],
    ['id', 'other'],
  ])('sees another %s', (field, value) => {
    const input = { ...full, [field]: value } as EndpointInput;
    expect(known.list).not.toContain(again(input));
    expect(again(input)).toEqual(accepted(input));
  });

  it('says of every input what it would say of it alone', () => {
    const odd = fc.constantFrom(
      null,
      '',
      0,
      -1,
      1,
      2,
      80,
      'h',
      'http',
      '/b',
      {},
      [],
      { a: '1' },
      Symbol('s'),
      'z',
      undefined,
    );
    const input = fc.record(
      Object.fromEntries(
        [...Object.keys(full), 'id'].map((key) => [key, fc.oneof(odd, fc.constant((full as never)[key]))]),
      ),
      { requiredKeys: ['host'] },
    );
    fc.assert(
      fc.property(input, (fields) => {
        const alone = normalizeEndpoint(fields as unknown as EndpointInput);
        expect(again(fields as unknown as EndpointInput)).toEqual(alone);
      }),
      { numRuns: 2_000 },
    );
  });
});
