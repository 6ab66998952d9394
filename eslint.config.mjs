import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const CLOCK = 'Take a Clock (src/core/clock.ts) as a parameter: that is what makes the algorithm run under fake time.';
const RANDOM = 'Take a Random (src/core/random.ts) as a parameter: that is what makes the algorithm run from a seed.';

const bannedGlobals = ['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate'];
const globalObjects = ['globalThis', 'global'];

export default defineConfig(
  { ignores: ['dist', 'coverage', '.cache', 'tests/fixtures/architecture'] },
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: ['./tsconfig.tests.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // `async` is part of many of our contracts (a prober, a fetch), also where an implementation happens not to wait.
      '@typescript-eslint/require-await': 'off',
      // Numbers in messages are what our messages are made of.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      // Zero is a valid value of every numeric option, so `||` is a bug waiting for it.
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true, boolean: true } }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
        {
          selector: 'CallExpression[callee.object.name="AbortSignal"][callee.property.name="timeout"]',
          message: CLOCK,
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/core/clock.ts', 'src/core/random.ts'],
    rules: {
      'no-restricted-globals': ['error', ...bannedGlobals.map((name) => ({ name, message: CLOCK }))],
      'no-restricted-imports': [
        'error',
        { paths: ['node:timers', 'node:timers/promises', 'node:perf_hooks'].map((name) => ({ name, message: CLOCK })) },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: RANDOM },
        { object: 'process', property: 'hrtime', message: CLOCK },
        ...globalObjects.flatMap((object) => bannedGlobals.map((property) => ({ object, property, message: CLOCK }))),
      ],
    },
  },
  {
    files: ['tests/**/*.ts'],
    rules: {
      // Test doubles are often loosely typed at the edges (parsed JSON, hand-made handlers); the sources are not.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
