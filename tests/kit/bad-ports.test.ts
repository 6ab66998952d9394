import { describe, expect, it } from '@jest/globals';

import { BAD_PORTS } from '../../src/kit/bad-ports.js';

/** The highest one is 10080. */
const PORTS = Array.from({ length: 10_200 }, (_, index) => index + 1);

/** What the platform's fetch does not even ask a dispatcher for. */
async function blockedByFetch(): Promise<number[]> {
  const asked = new Set<number>();
  const dispatcher = {
    dispatch(options: { readonly origin: string | URL }): boolean {
      asked.add(Number(new URL(options.origin).port || 80));
      throw new Error('nothing is sent');
    },
  };
  for (const port of PORTS) await fetch(`http://orders:${port}/`, { dispatcher } as object).catch(() => {});
  return PORTS.filter((port) => !asked.has(port));
}

describe('the ports that are refused', () => {
  it("are those of the platform's fetch, but for tcpmux", async () => {
    const blocked = await blockedByFetch();
    expect(blocked.length).toBeGreaterThan(70);
    expect(blocked.filter((port) => !BAD_PORTS.has(port))).toEqual([1]);
    // Port 0 is no port to dial at all.
    expect([...BAD_PORTS].filter((port) => port !== 0 && !blocked.includes(port))).toEqual([]);
  }, 60_000);
});
