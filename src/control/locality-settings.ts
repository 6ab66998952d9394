/** How much a service's calls prefer endpoints near the client. Counts only where the client says where it is. */
export interface LocalitySettings {
  /**
   * Fewest healthy endpoints, of a priority and in the client's region, with which zones count; with fewer, one zone's
   * could be too few to carry its calls, and calls go to all zones alike. Integer, 1–10 000. @default 6 (Envoy `min_cluster_size`)
   */
  readonly minEndpoints: number;
  /**
   * How much is called from each zone, relative to the others: by how many instances of the calling service, say. A zone that is
   * not named here has no callers. Numbers, 0–1 000 000. @default as much from each zone that has endpoints
   */
  readonly callers?: Readonly<Record<string, number>>;
  /**
   * Share of the calls that prefer their own zone; the others go to all zones, by what each has. Below 1 it keeps
   * connections to other zones warm. Ratio, 0–1. @default 1 (Envoy `routing_enabled`)
   */
  readonly preferRatio: number;
}

/** Where the client runs. */
export interface Place {
  readonly region?: string;
  readonly zone?: string;
}

/** What eligibility needs of both. */
export interface Locality extends LocalitySettings {
  readonly place: Place;
}
