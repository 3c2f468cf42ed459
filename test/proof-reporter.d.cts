declare class ProofReporter {
  constructor(config: { readonly rootDir: string; readonly testNamePattern?: string });
  onRunComplete(
    contexts: unknown,
    results: { readonly testResults: readonly { readonly testFilePath: string }[]; readonly startTime: number },
  ): void;
}

declare namespace ProofReporter {
  function page(records: readonly object[]): string;
}

export = ProofReporter;
