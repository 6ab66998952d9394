/**
 * CommonJS mode on purpose: no Node flag, no warning, and `jest.mock` works. The two ESM-only packages in our graph (p-retry and its only
 * dependency) are transformed like our own sources. Types are checked apart, by `npm run typecheck`.
 */
const shared = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.[jt]s$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!(p-retry|is-network-error)/)'],
  // Sources name their siblings as Node will see them ('./ewma.js'); on disk they are './ewma.ts'.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/tests/fixtures/architecture/'],
  setupFiles: ['<rootDir>/tests/support/setup.ts'],
};

const systemFolders = ['scenarios', 'package', 'docs'];

export default {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/tests/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', ...systemFolders.map((folder) => `<rootDir>/tests/${folder}/`)],
    },
    {
      ...shared,
      displayName: 'system',
      testMatch: systemFolders.map((folder) => `<rootDir>/tests/${folder}/**/*.test.ts`),
    },
  ],
};
