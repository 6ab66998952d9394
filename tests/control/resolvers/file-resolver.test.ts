import { appendFile, chmod, mkdir, mkdtemp, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { fileResolver, type FileResolverOptions } from '../../../src/control/resolvers/file-resolver.js';
import type { Feed } from '../../../src/control/discovery/feed.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';
import { until } from '../../support/until.js';
import { ids, startFeed, type FeedHarness } from '../discovery/feed-harness.js';

let folder: string;
let feeds: Feed[];
const at = (name: string): string => join(folder, name);
const list = (...endpoints: unknown[]): string => JSON.stringify(endpoints);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-file-'));
  feeds = [];
});
afterEach(async () => {
  for (const feed of feeds) feed.close();
  await rm(folder, { recursive: true });
});

function follow(path: string | URL, options?: FileResolverOptions): FeedHarness {
  const harness = startFeed(fileResolver(path, options));
  feeds.push(harness.feed);
  return harness;
}

/**
 * Waits for what the file system and the thread pool do in their own time. Virtual time goes on by `stepMs` with every
 * look: enough for changes that were told of to be read, and far too little for a poll unless that is what is tested.
 */
async function eventually(harness: FeedHarness, check: () => void, stepMs = 5): Promise<void> {
  await until(
    () => {
      harness.clock.advance(stepMs);
      check();
      return true;
    },
    { what: 'the file to be read', intervalMs: 5 },
  );
}

const finds = (harness: FeedHarness, ...expected: string[]): Promise<void> =>
  eventually(harness, () => expect(ids(harness.feed.resolution())).toEqual(expected));
const fails = (harness: FeedHarness, message: RegExp): Promise<void> =>
  eventually(harness, () => expect((harness.feed.resolution().error as Error).message).toMatch(message));

describe('fileResolver', () => {
  describe('reads', () => {
    it('a list of endpoints in JSON, and says which one it could not use', async () => {
      await writeFile(at('orders.json'), list('a:1', { host: 'b', port: 2, weight: 3, zone: 'x' }, 'h:0'));
      const harness = follow(at('orders.json'));
      await finds(harness, 'a:1', 'b:2');
      expect(harness.feed.resolution().endpoints[1]).toMatchObject({ weight: 3, zone: 'x' });
      expect(harness.refused).toMatchObject([[{ input: '"h:0"' }]]);
    });

    it('Prometheus’ target groups in JSON', async () => {
      const labels = { weight: '3', zone: 'x', team: 'y' };
      await writeFile(at('orders.json'), list({ targets: ['a:1', 'b:2'], labels }, { targets: ['c:3'] }));
      const harness = follow(at('orders.json'));
      await finds(harness, 'a:1', 'b:2', 'c:3');
      expect(harness.feed.resolution().endpoints[0]).toMatchObject({ weight: 3, zone: 'x', metadata: labels });
    });

    it('target groups in YAML, in which labels are texts as they are written', async () => {
      const yaml = `
# made by the deploy
- targets: ['a:1', "b:2"]
  labels:
    weight: 3
    version: 1.10
    canary: true
    mode: 0o17
- targets:
    - c:3
`;
      await writeFile(at('orders.yml'), yaml);
      const harness = follow(at('orders.yml'));
      await finds(harness, 'a:1', 'b:2', 'c:3');
      expect(harness.feed.resolution().endpoints[0]).toMatchObject({
        weight: 3,
        metadata: { weight: '3', version: '1.10', canary: 'true', mode: '0o17' },
      });
    });

    it('a list of endpoints in YAML, with numbers as numbers, whatever the name when told so', async () => {
      await writeFile(at('orders'), '- a:1\n- host: b\n  port: 2\n  weight: 0.5\n');
      const harness = follow(at('orders'), { format: 'yaml' });
      await finds(harness, 'a:1', 'b:2');
      expect(harness.feed.resolution().endpoints[1]).toMatchObject({ weight: 0.5 });
    });

    it('any other shape with a parser, whose failure is "could not ask"', async () => {
      await writeFile(at('a.json'), JSON.stringify({ nodes: { x: { ip: '10.0.0.1' } } }));
      const parse = (content: unknown): string[] =>
        Object.values((content as { nodes: Record<string, { ip: string }> }).nodes).map(({ ip }) => `${ip}:80`);
      const harness = follow(at('a.json'), { parse });
      await finds(harness, '10.0.0.1:80');
      await writeFile(at('a.json'), '{}');
      await fails(harness, /a\.json: Cannot convert/);
      expect(ids(harness.feed.resolution())).toEqual(['10.0.0.1:80']);
    });

    it('by a relative path or a URL, and through a byte order mark', async () => {
      await writeFile(at('a b.json'), `\uFEFF${list('a:1')}`);
      await finds(follow(relative(process.cwd(), at('a b.json'))), 'a:1');
      await finds(follow(pathToFileURL(at('a b.json'))), 'a:1');
    });

    it('an empty list as "nobody serves this"', async () => {
      await writeFile(at('a.json'), '[]');
      const harness = follow(at('a.json'));
      await eventually(harness, () => expect(harness.feed.resolution().status).toBe('none'));
    });
  });

  describe('could not ask', () => {
    it.each<[string, string, string | undefined, RegExp]>([
      ['is not there', 'a.json', undefined, /a\.json: ENOENT/],
      ['is empty', 'a.json', '  \n', /a\.json: it is empty/],
      ['is half written', 'a.json', '["a:1", "b', /a\.json: .*JSON/],
      ['is half written YAML', 'a.yaml', '- targets: [a:1', /a\.yaml: /],
      ['has another shape', 'a.json', '{"endpoints": []}', /a\.json: it holds no list of endpoints or target groups/],
      ['holds nothing but comments', 'a.yaml', '# nobody yet', /a\.yaml: it holds no list/],
      ['is nested without end', 'a.json', '['.repeat(100_000), /nested deeper than 64/],
      ['is YAML nested without end', 'a.yaml', '['.repeat(100_000), /a\.yaml: /],
      ['holds two YAML documents', 'a.yaml', '- a:1\n---\n- b:1', /a\.yaml: .*multiple documents/],
      ['has a target group without targets', 'a.json', '[{"targets":["a:1"]},{}]', /no array of targets/],
    ])('when the file %s', async (_, name, text, message) => {
      if (text !== undefined) await writeFile(at(name), text);
      const harness = follow(at(name));
      await fails(harness, message);
      expect(harness.feed.resolution().status).toBe('failed');
    });

    it('when the file is too large; exactly as large is not', async () => {
      const text = list('a:1');
      await writeFile(at('a.json'), text);
      await finds(follow(at('a.json'), { maxBytes: text.length }), 'a:1');
      await fails(follow(at('a.json'), { maxBytes: text.length - 1 }), /larger than 6 bytes/);
    });

    it('when a few lines of YAML stand for gigabytes', async () => {
      const levels = Array.from({ length: 30 }, (_, i) => `- &a${i + 1} [*a${i}, *a${i}, *a${i}]`);
      await writeFile(at('bomb.yaml'), ['- &a0 [x]', ...levels].join('\n'));
      await fails(follow(at('bomb.yaml')), /alias/i);
    });

    it('when it is a directory', async () => {
      await mkdir(at('a.json'));
      await fails(follow(at('a.json')), /it is no file/);
    });
  });

  describe('sees at once', () => {
    let harness: FeedHarness;
    beforeEach(async () => {
      await writeFile(at('orders.json'), list('a:1', 'b:1'));
      harness = follow(at('orders.json'), { pollMs: 3_600_000 });
      await finds(harness, 'a:1', 'b:1');
    });

    it('a file that is written in place', async () => {
      await writeFile(at('orders.json'), list('a:1', 'c:1'));
      await finds(harness, 'a:1', 'c:1');
    });

    it('a file that is renamed over it', async () => {
      await writeFile(at('.orders.tmp'), list('a:1', 'c:1'));
      await rename(at('.orders.tmp'), at('orders.json'));
      await finds(harness, 'a:1', 'c:1');
    });

    it('a file that is deleted and made anew, and uses what it knew in between', async () => {
      await unlink(at('orders.json'));
      await fails(harness, /ENOENT/);
      expect(ids(harness.feed.resolution())).toEqual(['a:1', 'b:1']);
      await writeFile(at('orders.json'), list('a:1', 'b:1'));
      await eventually(harness, () => expect(harness.feed.resolution().error).toBeUndefined());
    });

    it('a file that is written in parts: what it knew stays in use until all is there', async () => {
      const seen = new Set<string>();
      const { changes } = harness;
      await writeFile(at('orders.json'), '["a:1",');
      await fails(harness, /JSON/);
      await appendFile(at('orders.json'), '"d:1"]');
      await finds(harness, 'a:1', 'd:1');
      for (const change of changes) seen.add(ids(change).join());
      expect([...seen]).toEqual(['a:1,b:1', 'a:1,d:1']);
      expect(harness.feed.resolution().error).toBeUndefined();
    });
  });

  it('follows a symbolic link that is swapped, as Kubernetes swaps ConfigMaps', async () => {
    const publish = async (version: string, text: string): Promise<void> => {
      await mkdir(at(`..${version}`));
      await writeFile(at(`..${version}/orders.json`), text);
      await symlink(`..${version}`, at('..data_tmp'));
      await rename(at('..data_tmp'), at('..data'));
    };
    await publish('2026_01', list('a:1'));
    await symlink('..data/orders.json', at('orders.json'));
    const harness = follow(at('orders.json'), { pollMs: 3_600_000 });
    await finds(harness, 'a:1');
    await publish('2026_02', list('b:1'));
    await rm(at('..2026_01'), { recursive: true });
    await finds(harness, 'b:1');
    expect(harness.errors).toEqual([]);
  });

  describe('where nothing tells of changes', () => {
    it('looks every pollMs, and only reads what has changed', async () => {
      // The directory of the link sees nothing of what happens to the file.
      await mkdir(at('elsewhere'));
      await writeFile(at('elsewhere/orders.json'), list('a:1'));
      await mkdir(at('here'));
      await symlink('../elsewhere/orders.json', at('here/orders.json'));
      const harness = follow(at('here/orders.json'), { pollMs: 1_000 });
      await finds(harness, 'a:1');
      const answers = harness.answers.length;
      for (let i = 0; i < 20; i++) await harness.clock.advanceAsync(1_000, { eventLoop: true });
      expect(harness.answers.length).toBe(answers);
      await writeFile(at('elsewhere/orders.json'), list('b:1'));
      await eventually(harness, () => expect(ids(harness.feed.resolution())).toEqual(['b:1']), 500);
    });

    it('finds a file whose directory comes later, or is replaced', async () => {
      const harness = follow(at('mounted/orders.json'), { pollMs: 1_000 });
      await fails(harness, /ENOENT/);
      await mkdir(at('next'));
      await writeFile(at('next/orders.json'), list('a:1'));
      await rename(at('next'), at('mounted'));
      await eventually(harness, () => expect(ids(harness.feed.resolution())).toEqual(['a:1']), 500);
      await rm(at('mounted'), { recursive: true });
      await eventually(harness, () => expect(harness.feed.resolution().error).toBeDefined(), 500);
      await mkdir(at('mounted'));
      await writeFile(at('mounted/orders.json'), list('b:1'));
      await eventually(harness, () => expect(ids(harness.feed.resolution())).toEqual(['b:1']), 500);
      // The new directory is watched as the old one was.
      await writeFile(at('mounted/orders.json'), list('c:1'));
      await finds(harness, 'c:1');
    });

    it('says a failure that lasts only once', async () => {
      const harness = follow(at('a.json'), { pollMs: 1_000 });
      await fails(harness, /ENOENT/);
      for (let i = 0; i < 5; i++) await harness.clock.advanceAsync(1_000, { eventLoop: true });
      expect(harness.errors).toHaveLength(1);
    });
  });

  it('confirms what it knows while the file stays as it is, so that it is not too old when the file disappears', async () => {
    await writeFile(at('a.json'), list('a:1'));
    await utimes(at('a.json'), 1, 1);
    const clock = createFakeClock();
    const harness = startFeed(fileResolver(at('a.json'), { pollMs: 60_000 }), {
      clock,
      settings: { staleMs: 120_000 },
    });
    feeds.push(harness.feed);
    await finds(harness, 'a:1');
    for (let i = 0; i < 5; i++) {
      const answers = harness.answers.length;
      await eventually(harness, () => expect(harness.answers.length).toBeGreaterThan(answers), 5_000);
    }
    await unlink(at('a.json'));
    await fails(harness, /ENOENT/);
    expect(harness.feed.resolution().status).toBe('found');
  });

  it('reads anew when discovery is asked to refresh', async () => {
    const harness = follow(at('a.json'), { pollMs: 3_600_000 });
    await fails(harness, /ENOENT/);
    harness.feed.refresh();
    await eventually(harness, () => expect(harness.errors.length).toBe(2));
  });

  it('reads a file again whose permissions were wrong', async () => {
    // Root may read everything.
    if (process.getuid?.() === 0) return;
    await writeFile(at('a.json'), list('a:1'), { mode: 0o000 });
    const harness = follow(at('a.json'));
    await fails(harness, /EACCES/);
    await chmod(at('a.json'), 0o600);
    await finds(harness, 'a:1');
  });

  it('leaves no timer, and hears nothing, when it is closed', async () => {
    await writeFile(at('a.json'), list('a:1'));
    const harness = follow(at('a.json'));
    await finds(harness, 'a:1');
    await writeFile(at('a.json'), list('b:1'));
    harness.feed.close();
    expect(harness.clock.pendingTimers).toBe(0);
    for (let i = 0; i < 20; i++) await harness.clock.advanceAsync(1_000, { eventLoop: true });
    expect(ids(harness.feed.resolution())).toEqual(['a:1']);
    expect(harness.clock.pendingTimers).toBe(0);
  });

  it.each<[unknown, object, RegExp]>([
    ['', {}, /^ERR_INVALID_OPTION: fileResolver: must be a path or a file: URL, got ""/],
    [new URL('http://a/'), {}, /must be a path or a file: URL/],
    [undefined, {}, /must be a path or a file: URL/],
    ['a', { pollms: 1 }, /fileResolver\.pollms: unknown option; did you mean 'pollMs'/],
    ['a', { pollMs: 99 }, /fileResolver\.pollMs: must be milliseconds from 100/],
    ['a', { maxBytes: 0 }, /fileResolver\.maxBytes: must be an integer from 1/],
    ['a', { format: 'toml' }, /fileResolver\.format: must be one of/],
  ])('refuses %p with %j', (path, options, message) => {
    expect(() => fileResolver(path as string, options)).toThrow(message);
  });
});
