/** Connections over the platform's own undici: one agent for each endpoint, one for all hosts that redirects led to. */

import type { Connections } from './connections.js';
import { createEndpointAgents, type EndpointAgentsInput } from './endpoint-agents.js';
import { observeExchange } from './observe-exchange.js';
import { createPassThrough } from './pass-through.js';

export function createPlatformConnections(input: EndpointAgentsInput): Connections {
  const agents = createEndpointAgents(input);
  const elsewhere = createPassThrough(() => input.platform, input.refuseAddress);
  return {
    send(endpoint, target, options, handler, observer) {
      agents.dispatch(endpoint, target, options, observeExchange(handler, observer));
    },
    sendElsewhere: (options, handler) => elsewhere.dispatch(options, handler),
    prewarm: (endpoint, origin, host) => agents.prewarm(endpoint, origin, host),
    drain: (id) => agents.drain(id),
    close: async () => void (await Promise.all([agents.close(), elsewhere.close()])),
    destroy: async (error) => void (await Promise.all([agents.destroy(error), elsewhere.destroy(error)])),
  };
}
