/** Ends every run with one plain line that a person or a CI system can read. */
module.exports = class CountReporter {
  onRunComplete(_contexts, results) {
    // A suite that could not even load ran no test, and still counts as a failure.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    console.log(`${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  }
};
