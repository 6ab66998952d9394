/** What was typed: `fairlead resolve <spec> [options]`. */

import { parseArgs } from 'node:util';
import { didYouMean } from '../kit/did-you-mean.js';
import { SPEC_SCHEMES } from './resolver-spec.js';
import { substituted, type SpecSources } from './spec-options.js';

export interface ResolveCommand {
  readonly spec: string;
  readonly watch: boolean;
  readonly json: boolean;
  readonly timeoutMs: number;
  readonly servers: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

export type Command = 'help' | 'version' | ResolveCommand;

const OPTIONS = {
  watch: { type: 'boolean', short: 'w' },
  json: { type: 'boolean' },
  timeout: { type: 'string' },
  server: { type: 'string', multiple: true },
  header: { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/** As a client waits: `cache.askTimeoutMs`. */
const TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 600_000;

export const HELP: string = [
  'Usage: fairlead resolve <where> [options]',
  '',
  'Asks once who serves a name, as a client would, and says what came of it; or watches it.',
  '',
  'Where:',
  ...Object.values(SPEC_SCHEMES).map(({ example, meaning }) => `  ${example.padEnd(45)} ${meaning}`),
  '  Options of the resolver follow a ?, as in consul:orders?dc=a&tags=blue; $NAME stands for an',
  '  environment variable and @path for the contents of a file.',
  '',
  'Options:',
  '  -w, --watch              go on, and say what changes; ends with Ctrl-C',
  '      --json               one JSON object a line',
  '      --timeout <time>     for each question: 500ms, 5s, 1m (default 10s)',
  '      --server <address>   a name server, for dns: and dns+srv:; may be repeated',
  "      --header <'n: v'>    for http: and https:; may be repeated; the value may be $NAME or @path",
  '  -h, --help',
  '      --version',
  '',
  'Exit codes: 0 somebody serves it, 1 nobody does, 2 it could not be asked, 3 wrong usage.',
  '',
].join('\n');

/** @throws Error that says what is wrong */
export function parseCommandLine(words: readonly string[], sources: SpecSources): Command {
  const { values, positionals } = parse(words);
  if (values.version === true) return 'version';
  const [command, spec, ...rest] = positionals;
  if (values.help === true || command === 'help') return 'help';
  if (command === undefined) throw new Error('what should be done? The one command is resolve');
  if (command !== 'resolve')
    throw new Error(`there is no command ${JSON.stringify(command)}; the one command is resolve`);
  if (spec === undefined) throw new Error('resolve needs to know where to look, for example dns:orders.svc');
  if (rest.length > 0) throw new Error(`one place at a time: what is ${JSON.stringify(rest[0])}?`);
  return {
    spec,
    watch: values.watch === true,
    json: values.json === true,
    timeoutMs: values.timeout === undefined ? TIMEOUT_MS : durationMs(values.timeout),
    servers: values.server ?? [],
    headers: Object.fromEntries((values.header ?? []).map((text) => header(text, sources))),
  };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    const unknown = words.find((word) => word.startsWith('--') && !(word.slice(2).replace(/=.*/s, '') in OPTIONS));
    const guess = unknown === undefined ? undefined : didYouMean(unknown.slice(2), Object.keys(OPTIONS));
    const hint = guess === undefined ? '' : ` Did you mean --${guess}?`;
    throw new Error(`${(error as Error).message.split(/\. To specify/)[0]}.${hint}`.replace(/\.\./, '.'));
  }
}

function durationMs(text: string): number {
  const [, digits, unit = 'ms'] = /^(\d{1,9})(ms|s|m)?$/.exec(text) ?? [];
  const ms = Number(digits) * { ms: 1, s: 1_000, m: 60_000 }[unit as 'ms' | 's' | 'm'];
  if (ms >= 1 && ms <= MAX_TIMEOUT_MS) return ms;
  throw new Error(`--timeout must be a time from 1ms to 10m, such as 500ms or 5s, got ${JSON.stringify(text)}`);
}

function header(text: string, sources: SpecSources): [string, string] {
  const [, name, value] = /^([^\s:]+):\s*(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new Error("--header must be 'name: value'");
  return [name, substituted(`--header ${name}`, value, sources)];
}
