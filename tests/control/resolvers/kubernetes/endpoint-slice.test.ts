import { describe, expect, it } from '@jest/globals';

import { readSlice, type EndpointSlice } from '../../../../src/control/resolvers/kubernetes/endpoint-slice.js';
import { goesBack, readWatchEvent } from '../../../../src/control/resolvers/kubernetes/watch-event.js';
import { apiSlice, pod, type SliceFixture } from '../../../support/kubernetes-api/slice-fixtures.js';

const stored = (fixture: Partial<SliceFixture>): Record<string, unknown> => {
  const slice = apiSlice({ name: 'orders-1', endpoints: [pod(1)], ...fixture });
  return { ...slice, metadata: { ...slice.metadata, resourceVersion: '7' } };
};
const read = (fixture: Partial<SliceFixture>): EndpointSlice => readSlice(stored(fixture));

describe('an EndpointSlice', () => {
  it('is read for what matters', () => {
    const more = {
      zone: 'a',
      hostname: 'orders-0',
      hints: { forZones: [{ name: 'a' }, { name: 'b' }], forNodes: [{ name: 'node-1' }] },
    };
    expect(read({ endpoints: [pod(1, more)] })).toEqual({
      name: 'orders-1',
      family: 4,
      ports: [{ name: 'http', port: 8080, appProtocol: undefined }],
      endpoints: [
        {
          address: '10.0.0.1',
          ready: true,
          servesOut: false,
          zone: 'a',
          node: 'node-1',
          hostname: 'orders-0',
          target: { kind: 'Pod', name: 'orders-1', uid: 'uid-1' },
          hintedZones: ['a', 'b'],
        },
      ],
      refused: [],
    });
  });

  it.each([
    [undefined, { ready: true, servesOut: false }],
    [{}, { ready: true, servesOut: false }],
    [
      { ready: null, serving: null, terminating: null },
      { ready: true, servesOut: false },
    ],
    [
      { ready: true, serving: false, terminating: true },
      { ready: true, servesOut: false },
    ],
    [{ ready: false }, { ready: false, servesOut: false }],
    [
      { ready: false, terminating: true },
      { ready: false, servesOut: true },
    ],
    [
      { ready: false, serving: true, terminating: true },
      { ready: false, servesOut: true },
    ],
    [
      { ready: false, serving: false, terminating: true },
      { ready: false, servesOut: false },
    ],
    [
      { ready: false, serving: true, terminating: false },
      { ready: false, servesOut: false },
    ],
    [
      { ready: false, serving: true },
      { ready: false, servesOut: false },
    ],
  ])('takes the conditions %j for %j', (conditions, expected) => {
    expect(read({ endpoints: [pod(1, { conditions: conditions as never })] }).endpoints[0]).toMatchObject(expected);
  });

  it('takes the first address, in canonical form', () => {
    expect(read({ endpoints: [{ addresses: ['10.0.0.1', '10.0.0.2'] }] }).endpoints[0]?.address).toBe('10.0.0.1');
    const six = read({ addressType: 'IPv6', endpoints: [{ addresses: ['2001:DB8:0:0::1'] }] });
    expect(six).toMatchObject({ family: 6, endpoints: [{ address: '2001:db8::1' }] });
    const named = read({ addressType: 'FQDN', endpoints: [{ addresses: ['Orders.Example'] }] });
    expect(named).toMatchObject({ family: undefined, endpoints: [{ address: 'orders.example' }] });
  });

  it('keeps its good endpoints and says what is wrong with the others', () => {
    const bad = [null, {}, { addresses: [] }, { addresses: [5] }, { addresses: ['a b'] }, { addresses: ['::1'] }];
    const slice = read({ endpoints: [...bad, pod(1), { addresses: ['orders.example'] }] as never });
    expect(slice.endpoints.map(({ address }) => address)).toEqual(['10.0.0.1']);
    expect(slice.refused).toHaveLength(7);
    expect(slice.refused.at(-1)).toEqual({
      input: 'an endpoint of orders-1',
      reason: '"orders.example" is no IPv4 address',
    });
  });

  it('has no endpoints when they have a kind of address that nobody knows, and says so', () => {
    for (const addressType of ['MAC', 'constructor']) {
      const reason = `its address type is "${addressType}"`;
      expect(read({ addressType })).toMatchObject({ endpoints: [], refused: [{ reason }] });
    }
  });

  it('has no endpoints and no ports where Go writes null', () => {
    expect(read({ endpoints: null, ports: null })).toMatchObject({ endpoints: [], ports: [], refused: [] });
  });

  it('has TCP ports only, of which an absent number means every one', () => {
    const ports = [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'sctp', port: 9, protocol: 'SCTP' },
      { name: 'http', port: 80, protocol: 'TCP', appProtocol: 'https' },
      { port: 81 },
      { name: 'all', port: null, protocol: null },
      { name: 'none', port: 0 },
      { name: 'text', port: '80' },
      null,
    ];
    expect(read({ ports: ports as never }).ports).toEqual([
      { name: 'http', port: 80, appProtocol: 'https' },
      { name: '', port: 81, appProtocol: undefined },
      { name: 'all', port: undefined, appProtocol: undefined },
    ]);
  });

  it.each([
    [null, 'an EndpointSlice is null'],
    ['text', 'an EndpointSlice is "text"'],
    [{}, 'an EndpointSlice has no name'],
    [{ metadata: { name: '' } }, 'an EndpointSlice has no name'],
    [{ metadata: { name: 'x' } }, 'an answer has no resourceVersion'],
    [{ metadata: { name: 'x', resourceVersion: '1&limit=0' } }, 'an answer has no resourceVersion'],
  ])('is refused when it is %j', (object, message) => {
    expect(() => readSlice(object)).toThrow(message);
  });
});

describe('an event of a watch', () => {
  it.each(['ADDED', 'MODIFIED'])('brings a slice when it is %s', (type) => {
    const event = readWatchEvent({ type, object: stored({}) });
    expect(event).toMatchObject({ version: '7', change: { kind: 'put', slice: { name: 'orders-1' } } });
  });

  it('takes one away when it is DELETED, whatever is left of it', () => {
    const object = { metadata: { name: 'orders-1', resourceVersion: '9' } };
    expect(readWatchEvent({ type: 'DELETED', object })).toEqual({
      version: '9',
      change: { kind: 'delete', name: 'orders-1' },
    });
  });

  it('tells how far the watch is when it is a BOOKMARK', () => {
    const object = {
      kind: 'EndpointSlice',
      metadata: { resourceVersion: '12', creationTimestamp: null },
      endpoints: null,
    };
    expect(readWatchEvent({ type: 'BOOKMARK', object })).toEqual({ version: '12', change: undefined });
  });

  it('throws what the server reports as an error, with its code', () => {
    const object = { kind: 'Status', code: 410, message: 'too old\nresource version' };
    expect(() => readWatchEvent({ type: 'ERROR', object })).toThrow(
      expect.objectContaining({ status: 410, message: expect.stringContaining('too old resource version') }),
    );
    expect(() => readWatchEvent({ type: 'ERROR', object: {} })).toThrow(expect.objectContaining({ status: 500 }));
  });

  it.each([null, {}, { type: 'ADDED' }, { type: 'ADDED', object: {} }, { type: 'NEWS', object: {} }, []])(
    'is refused when it is %j',
    (message) => {
      expect(() => readWatchEvent(message)).toThrow();
    },
  );

  it('goes back when its version is a lower number, and says nothing when versions are no numbers', () => {
    expect(goesBack('100', '99')).toBe(true);
    expect(goesBack('99', '100')).toBe(false);
    expect(goesBack('100', '100')).toBe(false);
    expect(goesBack('9007199254740993', '9007199254740992')).toBe(true);
    expect(goesBack('b', 'a')).toBe(false);
  });
});
