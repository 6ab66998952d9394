/** What the client says about each endpoint: its events counted, its snapshot read. */

const SHARE_WINDOW_MS = 3_000;

export function createScoreboard(client, { service, nameOf, seconds, say }) {
  const rows = new Map();
  const recent = [];
  const totals = { attempts: 0, failovers: 0, retries: 0 };
  /** When each endpoint first failed after something was done to it, and when it was first ejected: for the summary. */
  const failedAt = new Map();
  const ejectedAt = new Map();

  const rowOf = (id) => {
    let row = rows.get(id);
    if (row === undefined) rows.set(id, (row = { id, attempts: 0, failures: 0, fault: '' }));
    return row;
  };

  client
    .on('attempt', ({ endpoint, kind, outcome }) => {
      const row = rowOf(endpoint);
      row.attempts++;
      totals.attempts++;
      if (outcome.kind === 'failure' || outcome.kind === 'overload') {
        row.failures++;
        if (row.fault !== '' && !failedAt.has(endpoint)) failedAt.set(endpoint, seconds());
      }
      if (kind === 'failover') totals.failovers++;
      if (kind === 'retry') totals.retries++;
      recent.push({ at: performance.now(), id: endpoint });
    })
    .on('eject', ({ endpoint, reason, detail, durationMs }) => {
      if (!ejectedAt.has(endpoint)) ejectedAt.set(endpoint, seconds());
      say('Fairlead', `ejects ${nameOf(endpoint)} for ${(durationMs / 1_000).toFixed(1)} s (${reason}): ${detail}`);
    })
    .on('uneject', ({ endpoint, by }) => {
      if (by === 'probe') say('Fairlead', `takes ${nameOf(endpoint)} back: its probe succeeded`);
    })
    .on('endpoints', ({ added, removed }) => {
      const names = (endpoints) => endpoints.map(({ id }) => nameOf(id)).join(', ');
      if (added.length > 0) say('Fairlead', `hears from the registry of ${names(added)}`);
      if (removed.length > 0) say('Fairlead', `hears from the registry that ${names(removed)} is gone`);
    })
    .on('panic', ({ on, healthy, total }) =>
      say('Fairlead', on ? `panics: only ${healthy} of ${total} are healthy, so all are used` : 'panics no more'),
    )
    .on('resolveError', ({ error }) => say('Fairlead', `cannot ask the registry: ${error?.message ?? error}`))
    .on('warning', ({ message }) => say('Fairlead', `warns: ${message}`));

  return {
    failedAt: (id) => failedAt.get(id),
    ejectedAt: (id) => ejectedAt.get(id),
    /** What the script did to a server, in a word. */
    setFault(id, fault) {
      rowOf(id).fault = fault;
    },
    failuresOf: (id) => rows.get(id)?.failures ?? 0,
    /** What it took to keep it from the callers. */
    inside: () => totals,
    /** One row for every endpoint that is known or was. */
    rows() {
      const since = performance.now() - SHARE_WINDOW_MS;
      while (recent.length > 0 && recent[0].at < since) recent.shift();
      const counts = new Map();
      for (const { id } of recent) counts.set(id, (counts.get(id) ?? 0) + 1);
      const known = new Map(client.snapshot().services[service].endpoints.map((endpoint) => [endpoint.id, endpoint]));
      for (const id of known.keys()) rowOf(id);
      return [...rows.values()]
        .map((row) => {
          const { state = 'gone', inFlight = 0, latencyMs, failureScore } = known.get(row.id) ?? {};
          // Not ejected, but the picker takes others while it remembers recent failures.
          const seenAs = state === 'healthy' && failureScore > 0 ? 'avoided' : state;
          const share = recent.length === 0 ? 0 : (counts.get(row.id) ?? 0) / recent.length;
          return { ...row, name: nameOf(row.id), seenAs, inFlight, latencyMs, share };
        })
        .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    },
  };
}
