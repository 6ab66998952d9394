/** The built package beside a copy of undici from npm that the application imports before its first fetch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as undici from 'undici';
import { clientCases, servers, start } from './client-cases.mjs';

clientCases();

test('its request and its fetch take client.dispatcher', async () => {
  const { dispatcher } = start();
  const { body } = await undici.request('http://orders/', { dispatcher, method: 'POST', body: 'order' });
  const { host, bodyBytes } = await body.json();
  assert.deepEqual({ host, bodyBytes }, { host: 'orders', bodyBytes: 5 });
  assert.equal((await (await undici.fetch('http://orders/', { dispatcher })).json()).host, 'orders');
  const elsewhere = await undici.request(servers()[0].url, { dispatcher });
  assert.equal((await elsewhere.body.json()).host, servers()[0].address);
});

test('its agent may send what client.dispatcher passes through', async () => {
  const { dispatcher } = start();
  const before = undici.getGlobalDispatcher();
  undici.setGlobalDispatcher(dispatcher);
  try {
    const { body } = await undici.request('http://orders/');
    assert.equal((await body.json()).host, 'orders');
    assert.equal((await (await fetch('http://orders/')).json()).host, 'orders');
    assert.equal((await (await fetch(servers()[0].url)).json()).host, servers()[0].address);
  } finally {
    undici.setGlobalDispatcher(before);
  }
});
