import { describe, expect, it } from '@jest/globals';

import { entry, HANG, watchAgent, type AgentDouble, type Reply } from './agent-double.js';

const WAIT = 60_000;

/** Every question's index, after the script was played. */
async function indexesAfter(script: readonly Reply[], ms = 1_000): Promise<(string | null)[]> {
  const agent = watchAgent(script);
  await agent.run(ms);
  agent.stop();
  return agent.asked();
}

const ports = ({ answers }: AgentDouble): (number | undefined)[][] =>
  answers.map(({ endpoints }) => endpoints.map((endpoint) => (endpoint as { port?: number }).port));

describe('the index', () => {
  it('is left out of the first question, and then named with the wait', async () => {
    const agent = watchAgent([{ index: 7 }, HANG]);
    await agent.run(1_000);
    expect(agent.questions.map(({ url }) => url.href)).toEqual([
      'http://127.0.0.1:8500/v1/health/service/web?passing=1',
      'http://127.0.0.1:8500/v1/health/service/web?passing=1&index=7&wait=60s',
    ]);
    expect(agent.gaps()).toEqual([500]);
  });

  it.each<[string, readonly Reply[], (string | null)[]]>([
    ['goes up with the answers', [{ index: 7 }, { index: 8, body: [81] }, HANG], [null, '7', '8']],
    ['stays when the wait has passed', [{ index: 7 }, { index: 7, after: WAIT }, HANG], [null, '7', '7']],
    ['is forgotten when it goes down', [{ index: 7 }, { index: 3, body: [81] }, HANG], [null, '7', null]],
    ['is taken again after it went down', [{ index: 7 }, { index: 3 }, { index: 3 }, HANG], [null, '7', null, '3']],
    ['is not zero', [{ index: 0 }, HANG], [null, null]],
    ['is not negative', [{ index: -5 }, HANG], [null, null]],
    ['is not a word', [{ index: 'abc' }, HANG], [null, null]],
    ['is not missing', [{}, HANG], [null, null]],
    ['is forgotten when it turns zero', [{ index: 7 }, { index: 0, after: WAIT }, HANG], [null, '7', null]],
    ['may be one', [{ index: 1 }, HANG], [null, '1']],
    [
      'is forgotten when the connection breaks',
      [{ index: 7 }, { breaks: true, after: 5_000 }, HANG],
      [null, '7', null],
    ],
    ['is not taken from a 500', [{ index: 7 }, { status: 500, index: 1 }, HANG], [null, '7', null]],
    ['is not taken from a 403', [{ status: 403, index: 1 }, HANG], [null, null]],
    ['is forgotten after a 404', [{ index: 7 }, { status: 404, index: 9 }, HANG], [null, '7', null]],
    ['is not taken from a body that is none', [{ index: 7 }, { index: 8, body: '{}' }, HANG], [null, '7', null]],
    [
      'is forgotten when a held question ends early without news, as when an agent shuts down',
      [{ index: 7 }, { index: 7, after: 20_000 }, HANG],
      [null, '7', null],
    ],
  ])('%s', async (_, script, asked) => {
    // What comes after the script is another matter.
    expect((await indexesAfter(script, 80_000)).slice(0, asked.length)).toEqual(asked);
  });

  it('is forgotten when a question goes unanswered: the wait, a sixteenth of it, and the timeout', async () => {
    const agent = watchAgent([{ index: 7 }, HANG, { index: 8 }, HANG], { waitMs: 16_000, timeoutMs: 2_000 });
    await agent.run(500 + 16_000 + 1_000 + 1_999);
    expect(agent.errors).toEqual([]);
    await agent.run(1);
    expect(agent.errors).toEqual(['GET http://127.0.0.1:8500/v1/health/service/web: no answer within 19000 ms']);
    await agent.run(2_000);
    expect(agent.asked()).toEqual([null, '7', null, '8']);
  });

  it('leaves a blind question alone for no longer than the wait', async () => {
    // The agent restarted without data and with a lower index, and nothing told: it holds the question for the whole wait.
    const agent = watchAgent([
      { index: 38 },
      { index: 6, body: [81], after: WAIT * (17 / 16) },
      { index: 9, body: [82] },
      HANG,
    ]);
    await agent.run(500 + WAIT * (17 / 16) + 100);
    expect(agent.asked()).toEqual([null, '38', null]);
    expect(ports(agent)).toEqual([[80], [81], [82]]);
  });

  it('is given up at once when the client sees connections fail', async () => {
    const agent = watchAgent([{ index: 38 }, HANG, { index: 6, body: [81] }, HANG]);
    await agent.run(10_000);
    agent.refresh();
    await agent.run(600);
    expect(agent.asked()).toEqual([null, '38', null, '6']);
    expect(agent.questions[1]?.signal.aborted).toBe(true);
    expect(agent.errors).toEqual([]);
    expect(ports(agent)).toEqual([[80], [81]]);
  });

  it('is not given up before half a second has passed, however often it is asked for', async () => {
    const agent = watchAgent((_, n) => (n % 2 === 0 ? { index: 5 } : HANG));
    for (let i = 0; i < 300; i++) {
      agent.refresh();
      await agent.run(20);
    }
    expect(Math.min(...agent.gaps())).toBeGreaterThanOrEqual(500);
  });
});

describe('the pace', () => {
  it('follows changes twice a second at most', async () => {
    const agent = watchAgent((_, n) => ({ index: 7 + n, body: [80 + n] }));
    await agent.run(5_000);
    expect(agent.gaps()).toEqual(Array(10).fill(500));
  });

  it('follows a large service more slowly, since each answer is the whole of it', async () => {
    const large = (n: number): number[] => Array.from({ length: 4_000 }, (_, i) => 1 + i + n);
    const agent = watchAgent((_, n) => ({ index: 7 + n, body: large(n) }));
    await agent.run(9_000);
    expect(agent.gaps()).toEqual([2_000, 2_000, 2_000, 2_000]);
  });

  it('slows down to four a minute when the index moves without news, and is quick again with news', async () => {
    const agent = watchAgent((_, n) => ({ index: 7 + n, body: [n < 8 ? 80 : 81 + n] }));
    await agent.run(62_000);
    expect(agent.gaps()).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 500, 500, 500]);
  });

  it('asks an agent that holds nothing once per 15 s', async () => {
    const agent = watchAgent([{ index: 7 }]);
    await agent.run(60_000);
    expect(agent.gaps()).toEqual([500, 15_000, 15_000, 15_000]);
  });

  it('backs off from errors with full jitter, at most to half a minute', async () => {
    const agent = watchAgent([{ status: 500 }], {}, { next: () => 1 });
    await agent.run(200_000);
    expect(agent.gaps().slice(0, 10)).toEqual([500, 750, 1_250, 2_250, 4_250, 8_250, 16_250, 30_250, 30_250, 30_250]);
    const lucky = watchAgent([{ status: 500 }], {}, { next: () => 0 });
    await lucky.run(2_000);
    expect(new Set(lucky.gaps())).toEqual(new Set([250]));
  });

  it('forgets its failures with the first answer', async () => {
    const fails = { status: 500 };
    const agent = watchAgent([fails, fails, fails, { index: 7, body: [81] }, fails, HANG], {}, { next: () => 1 });
    await agent.run(3_500);
    expect(agent.gaps()).toEqual([500, 750, 1_250, 500, 500]);
  });
});

describe('several addresses', () => {
  const url = ['http://a:8500', 'http://b:8500/consul/', 'https://c'];

  it('are asked in turn within one question, and only the first is told the index', async () => {
    const agent = watchAgent(
      ({ url: { hostname }, index }) => (hostname === 'a' ? { breaks: index === null, index: 7 } : { index: 9 }),
      { url },
    );
    await agent.run(100);
    expect(agent.questions.map(({ url: { href } }) => href)).toEqual([
      'http://a:8500/v1/health/service/web?passing=1',
      'http://b:8500/consul/v1/health/service/web?passing=1',
    ]);
    expect(agent.answers).toHaveLength(1);
    expect(agent.errors).toEqual(['(GET http://a:8500/v1/health/service/web: other side closed)']);
  });

  it('lose no time when the one in use dies during a question', async () => {
    const agent = watchAgent(
      ({ url: { hostname }, index }) => {
        if (hostname === 'a') return index === null ? { index: 7 } : { breaks: true, after: 10_000 };
        return index === null ? { index: 4, body: [81] } : HANG;
      },
      { url },
    );
    await agent.run(12_000);
    expect(ports(agent).slice(0, 2)).toEqual([[80], [81]]);
    // Lower than the index of the other: forgotten once more, and then good.
    expect(agent.questions.map(({ url: { hostname }, index }) => [hostname, index])).toEqual([
      ['a', null],
      ['a', '7'],
      ['b', null],
      ['b', null],
      ['b', '4'],
    ]);
  });

  it('fail together, with the reason of each', async () => {
    const agent = watchAgent(
      [
        { status: 500, body: 'No cluster leader', headers: { 'content-type': 'text/plain; charset=utf-8' } },
        { breaks: true },
        { status: 403, body: 'ACL not found\nmore', headers: { 'content-type': 'text/plain' } },
        HANG,
      ],
      { url },
    );
    await agent.run(10);
    expect(agent.errors.at(-1)).toBe(
      'GET http://a:8500/v1/health/service/web: status 500: No cluster leader; ' +
        'GET http://b:8500/consul/v1/health/service/web: other side closed; ' +
        'GET https://c/v1/health/service/web: status 403: ACL not found',
    );
    expect(agent.answers).toEqual([]);
  });
});

describe('the token', () => {
  const token = 'b1gs33kr3t-0000-4000-8000-000000000000';

  it('goes into the header of every question and into no error', async () => {
    const leaky = {
      status: 403,
      body: `no ${token} here ${'x'.repeat(180)}${token}`,
      headers: { 'content-type': 'text/plain' },
    };
    const agent = watchAgent([leaky, { breaks: true }, { index: 7 }, HANG], { token });
    await agent.run(3_000);
    expect(agent.questions.map(({ headers }) => headers.get('x-consul-token'))).toEqual(Array(4).fill(token));
    expect(agent.questions.map(({ url }) => url.href).join()).not.toContain(token);
    expect(agent.errors[0]).toContain('status 403: no *** here');
    expect(agent.errors.join()).not.toContain(token.slice(0, 12));
  });

  it('is asked of a function each time, and its failures are failures to ask', async () => {
    let n = 0;
    const agent = watchAgent([{ index: 7 }, { index: 8 }, HANG], {
      token: async () => {
        if (++n === 2) throw new Error('the vault is sealed');
        return n === 3 ? '' : `token-${n}`;
      },
    });
    await agent.run(2_500);
    expect(agent.questions.map(({ headers }) => headers.get('x-consul-token'))).toEqual([
      'token-1',
      'token-4',
      'token-5',
    ]);
    expect(agent.errors).toEqual([
      'GET http://127.0.0.1:8500/v1/health/service/web: the vault is sealed',
      'GET http://127.0.0.1:8500/v1/health/service/web: the token function gave no token',
    ]);
  });

  it('follows no redirect', async () => {
    const agent = watchAgent([{ status: 302, headers: { location: 'http://evil/' } }], { token });
    await agent.run(10);
    expect(agent.errors[0]).toContain('redirects (status 302)');
    expect(agent.questions.every(({ url }) => url.hostname === '127.0.0.1')).toBe(true);
  });
});

describe('an answer', () => {
  it('that is empty and comes from a server without a leader is none', async () => {
    const agent = watchAgent([{ index: 7, body: [], headers: { 'x-consul-knownleader': 'false' } }, HANG]);
    await agent.run(10);
    expect(agent.answers).toEqual([]);
    expect(agent.errors[0]).toContain('a server without a leader');
  });

  it('that is empty otherwise is handed on without vouching for it', async () => {
    const agent = watchAgent([{ index: 7, body: [], headers: { 'x-consul-knownleader': 'true' } }, HANG]);
    await agent.run(10);
    expect(agent.answers).toEqual([{ endpoints: [] }]);
  });

  it('of a server without a leader counts when it names somebody', async () => {
    const agent = watchAgent([{ index: 7, headers: { 'x-consul-knownleader': 'false' } }, HANG]);
    await agent.run(10);
    expect(ports(agent)).toEqual([[80]]);
  });

  it('of ten thousand instances, each as large as Consul makes them, fits into the default cap', async () => {
    const checks = Array.from({ length: 2 }, () => ({ Status: 'passing', Output: 'x'.repeat(800) }));
    const many = Array.from({ length: 10_000 }, (_, i) => {
      const Address = `10.1.${i >> 8}.${i & 255}`;
      return { ...entry({ ID: `web-${i}`, Address }), Checks: checks };
    });
    const agent = watchAgent([{ index: 7, body: JSON.stringify(many) }, HANG]);
    await agent.run(1);
    expect(agent.errors).toEqual([]);
    expect(agent.answers[0]?.endpoints).toHaveLength(10_000);
  });

  it('that is too large is cut off', async () => {
    const agent = watchAgent([{ index: 7, body: `[${' '.repeat(5_000)}]` }, HANG], { maxBytes: 4_000 });
    await agent.run(10);
    expect(agent.errors[0]).toContain('larger than 4000 bytes');
  });
});

describe('the end', () => {
  it('aborts the held question and leaves no timer and no further question', async () => {
    const agent = watchAgent([{ index: 7 }, HANG]);
    await agent.run(600);
    agent.stop();
    await agent.run(1_000_000);
    expect(agent.questions).toHaveLength(2);
    expect(agent.questions[1]?.signal.aborted).toBe(true);
    expect(agent.clock.pendingTimers).toBe(0);
    expect(agent.errors).toEqual([]);
  });
});
