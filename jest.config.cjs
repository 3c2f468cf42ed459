// `unit` is the quick loop of `npm run check`: no system packages, no network.
// `real` (*.real.test.ts) talks to real nginx and redis-server; `npm test` runs both.
const shared = {
  transform: {
    '^.+\\.ts$|/node_modules/(jose|content-disposition)/.+\\.js$': [
      '@swc/jest',
      // CommonJS output spares Jest's experimental ESM flag; type checking is tsc's work.
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  // these are published as ESM only
  transformIgnorePatterns: ['/node_modules/(?!(jose|content-disposition)/)'],
  modulePathIgnorePatterns: ['<rootDir>/cdk.out', '<rootDir>/dist', '<rootDir>/.cache'],
};

module.exports = {
  reporters: ['default', '<rootDir>/test/proof-reporter.cjs', '<rootDir>/test/count-reporter.cjs'],
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '\\.real\\.test\\.ts$'],
    },
    { ...shared, displayName: 'real', testMatch: ['<rootDir>/test/**/*.real.test.ts'] },
  ],
};
