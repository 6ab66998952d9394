import { describe, expect, it } from '@jest/globals';

import { askInTurn, firstAnswer, type FailoverOptions } from '../../../src/control/resolvers/registry-failover.js';
import type { AskRegistry, RegistryQuestion } from '../../../src/control/resolvers/registry-request.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';

type Behaviour = 'answers' | 'breaks' | 'hangs';

interface Asked {
  readonly host: string;
  readonly query: string;
  readonly etag: string | null;
}

/** Registries `a`, `b`, ... whose behaviour can be changed at any time. */
function registries(...behaviours: Behaviour[]) {
  return registriesWith({}, ...behaviours);
}

function registriesWith(options: Partial<FailoverOptions>, ...behaviours: Behaviour[]) {
  const clock = createFakeClock();
  const asked: Asked[] = [];
  const failures: string[] = [];
  const fetch = async (url: URL, { headers, signal }: { headers: Headers; signal: AbortSignal }): Promise<Response> => {
    asked.push({ host: url.hostname, query: url.search, etag: headers.get('if-none-match') });
    const behaviour = behaviours[url.hostname.charCodeAt(0) - 'a'.charCodeAt(0)];
    if (behaviour === 'hangs') return new Promise((_, reject) => signal.addEventListener('abort', reject));
    if (behaviour === 'breaks') throw new Error(`${url.hostname} broke off`);
    return new Response(JSON.stringify([url.hostname]), { headers: { 'content-type': 'application/json' } });
  };
  const ask: AskRegistry = askInTurn(
    behaviours.map((_, at) => ({
      fetch,
      url: new URL(`http://${String.fromCharCode('a'.charCodeAt(0) + at)}/list`),
      headers: {},
      maxBytes: 1_000,
      parse: (body) => body as string[],
    })),
    { timeoutMs: 1_000, reportError: (error) => failures.push((error as Error).message), ...options },
  );
  const question = (more: Partial<RegistryQuestion> = {}): RegistryQuestion => ({
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    clock,
    ...more,
  });
  return {
    behaviours,
    clock,
    asked,
    failures,
    hosts: () => asked.splice(0).map(({ host }) => host),
    ask: async (more?: Partial<RegistryQuestion>) => (await ask(question(more))).endpoints,
  };
}

describe('askInTurn', () => {
  it('asks the next address when one fails, reports the failure, and stays with the one that answered', async () => {
    const { ask, hosts, failures } = registries('breaks', 'answers', 'answers');
    expect(await ask()).toEqual(['b']);
    expect(hosts()).toEqual(['a', 'b']);
    expect(failures).toEqual(['GET http://a/list: a broke off']);
    expect(await ask()).toEqual(['b']);
    expect(hosts()).toEqual(['b']);
  });

  it('comes round to the first address again', async () => {
    const { ask, hosts, behaviours } = registries('breaks', 'answers');
    await ask();
    behaviours.reverse();
    hosts();
    expect(await ask()).toEqual(['a']);
    expect(hosts()).toEqual(['b', 'a']);
  });

  it('tells the index and the entity tag of one address to no other', async () => {
    const { ask, asked } = registries('breaks', 'answers');
    await ask({ etag: '"1"', parameters: { index: '7' } });
    expect(asked).toEqual([
      { host: 'a', query: '?index=7', etag: '"1"' },
      { host: 'b', query: '', etag: null },
    ]);
  });

  it('gives the first address the time of the question, and each other one its own', async () => {
    const { ask, hosts, clock } = registries('hangs', 'hangs', 'answers');
    const answer = ask({ timeoutMs: 60_000 });
    await clock.advanceAsync(59_999);
    expect(hosts()).toEqual(['a']);
    await clock.advanceAsync(1);
    expect(hosts()).toEqual(['b']);
    await clock.advanceAsync(1_000);
    expect(await answer).toEqual(['c']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('fails when all addresses have failed, with the reason of each, and begins with the same one again', async () => {
    const { ask, hosts, failures, behaviours } = registries('answers', 'answers', 'answers');
    behaviours[0] = 'breaks';
    await ask();
    behaviours.fill('breaks');
    hosts();
    failures.length = 0;
    await expect(ask()).rejects.toThrow(
      'GET http://b/list: b broke off; GET http://c/list: c broke off; GET http://a/list: a broke off',
    );
    // The last one is part of the error that the caller gets.
    expect(failures).toEqual(['GET http://b/list: b broke off', 'GET http://c/list: c broke off']);
    await expect(ask()).rejects.toThrow();
    expect(hosts()).toEqual(['b', 'c', 'a', 'b', 'c', 'a']);
  });

  it('ends with an abort, asks nobody else then, and blames no address for it', async () => {
    const { ask, hosts, failures, clock } = registries('hangs', 'answers');
    const controller = new AbortController();
    const answer = ask({ signal: controller.signal });
    controller.abort(new Error('closed'));
    await expect(answer).rejects.toThrow('closed');
    expect(hosts()).toEqual(['a']);
    expect(failures).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets two questions at once skip no address', async () => {
    const { ask, hosts } = registries('breaks', 'answers');
    expect(await Promise.all([ask(), ask()])).toEqual([['b'], ['b']]);
    expect(hosts().sort()).toEqual(['a', 'a', 'b', 'b']);
  });

  it('leaves the error of a single address as it is', async () => {
    const { ask, failures } = registries('breaks');
    await expect(ask()).rejects.toThrow(/^GET http:\/\/a\/list: a broke off$/);
    expect(failures).toEqual([]);
  });
});

describe('askInTurn with limited patience', () => {
  const patient = (...behaviours: Behaviour[]): ReturnType<typeof registries> =>
    registriesWith({ patienceMs: 300 }, ...behaviours);

  it('asks the next address beside one that is silent, believes the first answer, and stays with it', async () => {
    const { ask, hosts, clock, failures } = patient('hangs', 'hangs', 'answers');
    const answer = ask({ timeoutMs: 1_000 });
    await clock.advanceAsync(299);
    expect(hosts()).toEqual(['a']);
    await clock.advanceAsync(1);
    expect(hosts()).toEqual(['b']);
    await clock.advanceAsync(300);
    expect(await answer).toEqual(['c']);
    expect(clock.pendingTimers).toBe(0);
    expect(failures).toEqual([]);
    hosts();
    expect(await ask()).toEqual(['c']);
    expect(hosts()).toEqual(['c']);
  });

  it('does not wait when an address fails, also while another is silent', async () => {
    const { ask, hosts, clock } = patient('hangs', 'breaks', 'answers');
    const answer = ask();
    await clock.advanceAsync(300);
    expect(await answer).toEqual(['c']);
    expect(hosts()).toEqual(['a', 'b', 'c']);
  });

  it('waits for an answer that is held', async () => {
    const { ask, hosts, clock } = patient('hangs', 'answers');
    const answer = ask({ held: true, timeoutMs: 5_000 });
    await clock.advanceAsync(4_999);
    expect(hosts()).toEqual(['a']);
    await clock.advanceAsync(1);
    expect(await answer).toEqual(['b']);
  });

  it('fails when the last of them has failed', async () => {
    const { ask, clock } = patient('hangs', 'hangs');
    const answer = expect(ask({ timeoutMs: 1_000 })).rejects.toThrow('GET http://a/list: ');
    await clock.advanceAsync(1_300);
    await answer;
    expect(clock.pendingTimers).toBe(0);
  });

  it('begins elsewhere when it was silence to the end, so that however many hang, one that answers is found', async () => {
    const { ask, hosts, clock } = registriesWith({}, 'hangs', 'hangs', 'answers');
    for (const host of ['a', 'b']) {
      const controller = new AbortController();
      const answer = expect(ask({ etag: '"1"', signal: controller.signal })).rejects.toThrow('given up');
      await clock.advanceAsync(10);
      controller.abort(new Error('given up'));
      await answer;
      expect(hosts()).toEqual([host]);
    }
    expect(await ask()).toEqual(['c']);
  });

  it('does not begin elsewhere because a held question was ended', async () => {
    const { ask, hosts, behaviours } = patient('hangs', 'answers');
    const controller = new AbortController();
    const answer = expect(ask({ held: true, signal: controller.signal })).rejects.toThrow('refresh');
    controller.abort(new Error('refresh'));
    await answer;
    behaviours[0] = 'answers';
    hosts();
    await ask();
    expect(hosts()).toEqual(['a']);
  });

  it('hands back an answer that came too late', async () => {
    const clock = createFakeClock();
    const discarded: string[] = [];
    const late: ((answer: string) => void)[] = [];
    const ask = firstAnswer<{ signal: AbortSignal }, string>(
      [() => new Promise((resolve) => late.push(resolve)), () => Promise.resolve('second')],
      { patience: () => ({ waitMs: 10, clock }), discard: (answer) => discarded.push(answer) },
    );
    const answer = ask({ signal: new AbortController().signal });
    await clock.advanceAsync(10);
    expect(await answer).toBe('second');
    late[0]?.('first');
    await clock.advanceAsync(0);
    expect(discarded).toEqual(['first']);
  });
});
