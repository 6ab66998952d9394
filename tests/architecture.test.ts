import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { checkArchitecture, RULE_NAMES, type Violation } from './support/architecture-check.js';

const root = join(__dirname, '..');
const fixtures = join(__dirname, 'fixtures', 'architecture');

const inWords = ({ rule, file, message }: Violation): string => `${rule}: ${file}: ${message}`;

describe('the sources', () => {
  it('keep every rule of the architecture', () => {
    expect(checkArchitecture(join(root, 'src')).map(inWords)).toEqual([]);
  });
});

describe('the checker', () => {
  it('has nothing to say about a sound tree', () => {
    expect(checkArchitecture(join(fixtures, 'sound')).map(inWords)).toEqual([]);
  });

  it('has a wrong tree for every rule', () => {
    expect(readdirSync(fixtures).sort()).toEqual([...RULE_NAMES, 'sound'].sort());
  });

  it.each<[(typeof RULE_NAMES)[number], readonly string[]]>([
    ['known-folders', ['services/orders.ts']],
    ['floors', ['client/options.ts', 'core/endpoint.ts', 'data/attempt.ts']],
    ['planes', ['control/membership.ts', 'data/transport/pools.ts']],
    ['private-entry-folders', ['index.ts']],
    ['core-imports-nothing', ['core/events.ts']],
    ['kit-has-no-io', ['kit/lines.ts', 'kit/port.ts']],
    ['control-sees-no-request', ['control/outliers.ts']],
    ['data-sees-no-resolver', ['data/breaker.ts']],
    ['pickers-are-synchronous', ['data/pickers/slow.ts']],
    ['cycles', ['kit/hash.ts']],
    ['barrels', ['kit/index.ts']],
    ['length', ['kit/long.ts']],
    ['folder-names', ['control/utils/retry.ts']],
    ['kebab-case', ['kit/tokenBucket.ts']],
    [
      'time',
      ['control/health-check.ts', 'control/health-check.ts', 'control/health-check.ts', 'control/health-check.ts'],
    ],
    ['randomness', ['kit/backoff.ts']],
  ])('finds what breaks "%s", and nothing else in that tree', (rule, files) => {
    const violations = checkArchitecture(join(fixtures, rule));
    expect(violations.map((violation) => violation.rule)).toEqual(files.map(() => rule));
    expect(violations.map((violation) => violation.file)).toEqual(files);
  });
});
