/**
 * The Mersenne Twister with 32 bits (Matsumoto and Nishimura 1998), as C++ has it in `std::mt19937`. For nothing but to draw
 * the same order as Envoy does from the same seed: there are faster generators, and smaller ones.
 */

const SIZE = 624;
const SHIFT = 397;

export class Mt19937 {
  private readonly state: Uint32Array = new Uint32Array(SIZE);
  private at: number = SIZE;

  /** @param seed its lower 32 bits count */
  constructor(seed: number) {
    const { state } = this;
    state[0] = seed;
    for (let i = 1; i < SIZE; i++) {
      const last = state[i - 1] as number;
      state[i] = Math.imul(1_812_433_253, last ^ (last >>> 30)) + i;
    }
  }

  /** An integer from 0 to 2³² − 1. */
  next(): number {
    if (this.at === SIZE) this.twist();
    let y = this.state[this.at++] as number;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  private twist(): void {
    const { state } = this;
    for (let i = 0; i < SIZE; i++) {
      const y = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % SIZE] as number) & 0x7fffffff);
      state[i] = (state[(i + SHIFT) % SIZE] as number) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.at = 0;
  }
}
