/** Context of the CLI and of CDK itself: flags, look-ups, what this app reads elsewhere. */
const foreign = /[:/]|^(config|cli-telemetry|tree)$/;

/**
 * Keys of the aws section that were given on the command line (`-c stage=prod -c maxAzs=2`), which knows nothing but
 * strings. Every other key counts as one: a misspelt one is told as a fault and not ignored.
 */
export function awsContext(context: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const own = Object.entries(context).filter(([key]) => !foreign.test(key));
  return Object.fromEntries(own.map(([key, value]) => [key, typeof value === 'string' ? meant(value) : value]));
}

/** A number, true, false or an object, where it reads as one. */
function meant(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
