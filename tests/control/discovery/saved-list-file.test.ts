import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import {
  createSavedListFile,
  savedListPath,
  type SavedListFile,
} from '../../../src/control/discovery/saved-list-file.js';
import { readAnswer } from '../../../src/control/discovery/read-answer.js';
import type { CacheFileEvent } from '../../../src/core/events.js';
import { UNKNOWN_RESOLUTION, type Resolution } from '../../../src/core/resolution.js';
import { createFakeClock, type FakeClock } from '../../../src/testing/fake-clock.js';
import { until } from '../../support/until.js';
import { endpoints } from './feed-harness.js';

const DAY_MS = 86_400_000;
const BOOTED_AT_MS = 1_800_000_000_000;

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'fairlead-file-'))));
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

interface Opened {
  readonly file: SavedListFile;
  readonly clock: FakeClock;
  readonly events: CacheFileEvent[];
  written(): number;
}

/** Another process, as it were, that many milliseconds after the first one began. */
function open({ laterMs = 0, name = 'orders.list', service = 'orders' } = {}): Opened {
  const clock = createFakeClock();
  const events: CacheFileEvent[] = [];
  const file = createSavedListFile({
    file: join(folder, name),
    maxAgeMs: DAY_MS,
    owner: { service, resolver: 'registry', source: 'here' },
    clock,
    calendar: () => BOOTED_AT_MS + laterMs + clock.now(),
    report: (event) => events.push(event),
  });
  return { file, clock, events, written: () => events.filter(({ action }) => action === 'written').length };
}

function known(count: number, answeredAtMs: number, more: Partial<Resolution> = {}): Resolution {
  const found = readAnswer({ endpoints: endpoints(count) }).endpoints;
  return { ...UNKNOWN_RESOLUTION, status: count > 0 ? 'found' : 'none', endpoints: found, answeredAtMs, ...more };
}

describe('a list on disk', () => {
  it('is what the next process begins with, at the age it then has', async () => {
    const first = open();
    first.file.note(known(3, 1_000));
    await first.file.close();
    expect(first.events).toEqual([{ action: 'written', endpoints: 3 }]);

    const next = open({ laterMs: 60_000 });
    const resolution = await next.file.load();
    expect(resolution).toMatchObject({
      status: 'found',
      restored: true,
      error: undefined,
      answeredAtMs: 1_000 - 60_000,
    });
    expect(resolution?.endpoints).toEqual(known(3, 0).endpoints);
    expect(next.events).toEqual([{ action: 'restored', endpoints: 3, ageMs: 60_000 }]);
    expect(next.clock.pendingTimers).toBe(0);
  });

  it('is not missed when there is none', async () => {
    const { file, events } = open();
    expect(await file.load()).toBeUndefined();
    expect(events).toEqual([]);
  });

  it('is for its owner only, in a folder that is made if need be', async () => {
    const { file } = open({ name: 'a/b/orders.list' });
    file.note(known(1, 1_000));
    await file.close();
    expect(statSync(join(folder, 'a/b/orders.list')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, 'a/b'))).toEqual(['orders.list']);
  });

  it('is written once for many changes, a second after the first of them', async () => {
    const { file, clock, written } = open();
    for (let n = 1; n <= 9; n++) {
      file.note(known(n, clock.now()));
      clock.advance(100);
    }
    expect(clock.pendingTimers).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
    clock.advance(100);
    await until(() => written() === 1, { what: 'the write' });
    expect((await open().file.load())?.endpoints).toHaveLength(9);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not written again for an answer that only confirms it, until its age would count', async () => {
    const { file, clock, written } = open();
    const first = known(3, clock.now());
    file.note(first);
    clock.advance(1_000);
    await until(() => written() === 1, { what: 'the write' });
    clock.advance(590_000);
    file.note({ ...first, answeredAtMs: clock.now() });
    expect(clock.pendingTimers).toBe(0);
    clock.advance(20_000);
    file.note({ ...first, answeredAtMs: clock.now() });
    clock.advance(1_000);
    await until(() => written() === 2, { what: 'the second write' });
    const next = open({ laterMs: 700_000 });
    await next.file.load();
    expect(next.events[0]).toMatchObject({ action: 'restored', ageMs: 700_000 - 610_000 - 1_000 });
  });

  it.each<[string, Partial<Resolution>]>([
    ['doubtful', { held: 'empty' }],
    ['failing', { error: new Error('down'), failingSinceMs: 1_000 }],
    ['restored', { restored: true }],
    ['unknown', { status: 'unknown' }],
    ['failed', { status: 'failed' }],
  ])('is left alone while what is known is %s', async (_, more) => {
    const { file, clock } = open();
    file.note(known(3, 1_000, more));
    expect(clock.pendingTimers).toBe(0);
    await file.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of nobody gives nothing to begin with, and takes the place of the list before', async () => {
    const { file } = open();
    file.note(known(3, 1_000));
    await file.close();
    file.note(known(0, 2_000));
    await file.close();
    const next = open();
    expect(await next.file.load()).toBeUndefined();
    expect(next.events).toEqual([]);
  });

  it.each<[string, string, () => void]>([
    [
      'corrupted',
      'corrupted',
      () => writeFileSync(join(folder, 'orders.list'), readFileSync(join(folder, 'orders.list'), 'utf8').slice(0, -9)),
    ],
    [
      'edited',
      'corrupted',
      () =>
        writeFileSync(
          join(folder, 'orders.list'),
          readFileSync(join(folder, 'orders.list'), 'utf8').replace('10.0.0.1', '10.0.0.9'),
        ),
    ],
    ['something else', 'foreign', () => writeFileSync(join(folder, 'orders.list'), '{"a":1}')],
    ['too large', 'too-large', () => writeFileSync(join(folder, 'orders.list'), Buffer.alloc(16_777_217))],
    ['a folder', 'unreadable', () => (rmSync(join(folder, 'orders.list')), mkdirSync(join(folder, 'orders.list')))],
    [
      'a named pipe',
      'unreadable',
      () => (rmSync(join(folder, 'orders.list')), execFileSync('mkfifo', [join(folder, 'orders.list')])),
    ],
  ])('that is %s is ignored, and said to be', async (_, reason, spoil) => {
    const first = open();
    first.file.note(known(3, 1_000));
    await first.file.close();
    spoil();
    const next = open();
    expect(await next.file.load()).toBeUndefined();
    expect(next.events).toEqual([{ action: 'ignored', reason, detail: expect.any(String) }]);
  });

  it('that cannot be written is reported once, and written when it can be', async () => {
    writeFileSync(join(folder, 'blocked'), '');
    const { file, events } = open({ name: 'blocked/orders.list' });
    for (const count of [1, 2, 3]) {
      file.note(known(count, 1_000));
      await file.close();
    }
    expect(events).toEqual([{ action: 'failed', error: expect.objectContaining({ code: expect.any(String) }) }]);
    rmSync(join(folder, 'blocked'));
    file.note(known(3, 2_000));
    await file.close();
    expect(events.at(-1)).toEqual({ action: 'written', endpoints: 3 });
  });

  it('leaves nothing of writes that were killed, once that is sure', async () => {
    const names = [
      'orders.list.1.0123456789ab.tmp',
      'orders.list.2.0123456789ab.tmp',
      'orders.list.bak',
      'other.1.0123456789ab.tmp',
    ];
    for (const name of names) writeFileSync(join(folder, name), '');
    const longAgo = (BOOTED_AT_MS - 2 * 3_600_000) / 1_000;
    for (const name of names.filter((each) => !each.includes('.2.'))) utimesSync(join(folder, name), longAgo, longAgo);
    utimesSync(join(folder, names[1] as string), BOOTED_AT_MS / 1_000, BOOTED_AT_MS / 1_000);
    const { file } = open();
    file.note(known(1, 1_000));
    await file.close();
    expect(readdirSync(folder).sort()).toEqual(['orders.list', ...names.slice(1)].sort());
  });

  it('never has two writes at once, and ends with the last list', async () => {
    const { file, clock, written } = open();
    for (let n = 1; n <= 5; n++) {
      file.note(known(n, clock.now()));
      clock.advance(1_000);
      // At most the one that is being written.
      expect(readdirSync(folder).filter((name) => name.endsWith('.tmp')).length).toBeLessThanOrEqual(1);
    }
    await file.close();
    expect(written()).toBeLessThanOrEqual(5);
    expect((await open().file.load())?.endpoints).toHaveLength(5);
  });
});

describe('savedListPath', () => {
  it('puts the name of the service in, as one name', () => {
    expect(savedListPath('/var/{service}.list', 'orders')).toBe('/var/orders.list');
    expect(savedListPath('/var/{service}', 'orders:8080')).toBe('/var/orders%3A8080');
    expect(savedListPath('/var/{service}/x', '..')).toBe('/var/%2E%2E/x');
    expect(savedListPath('/var/{service}', '../../etc/passwd')).toBe('/var/%2E%2E%2F..%2Fetc%2Fpasswd');
    expect(savedListPath('/var/{service}', '$&')).toBe('/var/%24%26');
  });
});
