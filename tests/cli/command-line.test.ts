import { describe, expect, it } from '@jest/globals';

import { HELP, parseCommandLine } from '../../src/cli/command-line.js';

const sources = { env: { TOKEN: 's3cret' }, readFile: () => 'from a file\n' };
const parse = (...words: string[]) => parseCommandLine(words, sources);

describe('the command line', () => {
  it('is a command, a place to look, and options in any order', () => {
    const plain = { spec: 'dns:a', watch: false, json: false, timeoutMs: 10_000, servers: [], headers: {} };
    expect(parse('resolve', 'dns:a')).toEqual(plain);
    expect(parse('--json', 'resolve', '-w', 'dns:a', '--server', 'x', '--server=y', '--timeout=5s')).toEqual({
      ...plain,
      watch: true,
      json: true,
      timeoutMs: 5_000,
      servers: ['x', 'y'],
    });
  });

  it('takes headers, whose values may be elsewhere', () => {
    const headers = ['authorization: $TOKEN', 'x-b:@/file', 'x-c: a: b'].flatMap((text) => ['--header', text]);
    expect(parse('resolve', 'http://a/', ...headers)).toMatchObject({
      headers: { authorization: 's3cret', 'x-b': 'from a file', 'x-c': 'a: b' },
    });
    expect(() => parse('resolve', 'http://a/', '--header', 'a: $NOPE')).toThrow(
      /--header a: the environment variable NOPE/,
    );
    expect(() => parse('resolve', 'http://a/', '--header', 'no colon')).toThrow("--header must be 'name: value'");
  });

  it.each([
    ['500ms', 500],
    ['1', 1],
    ['5s', 5_000],
    ['10m', 600_000],
  ])('reads the time %s as %d ms', (text, timeoutMs) => {
    expect(parse('resolve', 'dns:a', '--timeout', text)).toMatchObject({ timeoutMs });
  });

  it.each(['0', '11m', '-1', '1h', 'soon', '', '1.5s'])('refuses the time %j', (text) => {
    expect(() => parse('resolve', 'dns:a', `--timeout=${text}`)).toThrow(/--timeout must be a time from 1ms to 10m/);
  });

  it.each([
    [[], /The one command is resolve/],
    [['watch', 'dns:a'], /there is no command "watch"/],
    [['resolve'], /needs to know where to look/],
    [['resolve', 'dns:a', 'dns:b'], /one place at a time: what is "dns:b"/],
    [['resolve', 'dns:a', '--jsn'], /Unknown option '--jsn'\. Did you mean --json\?/],
    [['resolve', 'dns:a', '--timeout'], /--timeout/],
  ])('refuses %j', (words, message) => {
    expect(() => parse(...words)).toThrow(message);
  });

  it('has a help that fits a terminal and names every place to look', () => {
    expect(parse('--help')).toBe('help');
    expect(parse('resolve', '-h')).toBe('help');
    expect(parse('help')).toBe('help');
    expect(parse('--version')).toBe('version');
    expect(Math.max(...HELP.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(110);
  });
});
