/** A source of randomness, uniform in [0, 1). Injected everywhere, so that a seed replays a run. */
export interface Random {
  next(): number;
}

/** The platform's own generator. */
export const systemRandom: Random = { next: Math.random };
