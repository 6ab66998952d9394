/** undici 8 needs Node 22.19, and does not even load on 20. */
import { test } from 'node:test';
import { undiciCases } from './undici-cases.mjs';

if (Number(process.versions.node.split('.')[0]) < 22) test('undici 8 does not load on this Node', () => {});
else undiciCases(await import('undici8'));
