/** Connections over the platform's own undici: one agent for each endpoint. */

import type { Connections } from './connections.js';
import { createEndpointAgents, type EndpointAgentsInput } from './endpoint-agents.js';
import { observeExchange } from './observe-exchange.js';

export function createPlatformConnections(input: EndpointAgentsInput): Connections {
  const agents = createEndpointAgents(input);
  return {
    send(endpoint, options, handler, observer) {
      agents.dispatch(endpoint, options, observeExchange(handler, observer));
    },
    drain: (id) => agents.drain(id),
    close: () => agents.close(),
    destroy: (error) => agents.destroy(error),
  };
}
