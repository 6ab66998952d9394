import { runInThisContext } from 'node:vm';

/**
 * Node 20 has `Symbol.dispose`, but not as a built-in of the language, so the fresh globals that Jest gives each test file lack it. It must be the
 * very symbol of the outer realm: objects made out there (timers, servers, file handles) carry their dispose method under that one.
 */
for (const name of ['dispose', 'asyncDispose'] as const) {
  if (Symbol[name] === undefined) {
    Object.defineProperty(Symbol, name, { value: runInThisContext(`Symbol.${name}`) as symbol });
  }
}
