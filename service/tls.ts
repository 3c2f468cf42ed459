import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Fault } from '../lib/policy/index.ts';

/** Where the certificate and its key stand, PEM both. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** What a TLS server is given. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
  /** RFC 8996 has done away with all before; RFC 9113 §9.2 asks for 1.2 at least. */
  readonly minVersion: 'TLSv1.2';
}

type Env = Readonly<Record<string, string | undefined>>;

/** The files of the environment, looked into, so that a fault is told at the start and not to the first client. */
export function tlsFromEnv(env: Env, faults: Fault[]): TlsFiles | undefined {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } = env;
  if (!certFile && !keyFile) return undefined;
  if (!certFile || !keyFile) {
    const [given, missing] = certFile ? ['TLS_CERT_FILE', 'TLS_KEY_FILE'] : ['TLS_KEY_FILE', 'TLS_CERT_FILE'];
    faults.push(fault(given, env[given] ?? '', `come with ${missing}: a certificate is of use with its key only`));
    return undefined;
  }
  const files = { certFile, keyFile };
  faults.push(...faultsOf(files));
  return files;
}

/** @throws Error naming what is wrong with the files; never what is in them. */
export function readTls(files: TlsFiles): Tls {
  const [first] = faultsOf(files);
  if (first) throw new Error(first.message);
  return {
    cert: readFileSync(files.certFile, 'utf8'),
    key: readFileSync(files.keyFile, 'utf8'),
    minVersion: 'TLSv1.2',
  };
}

function faultsOf({ certFile, keyFile }: TlsFiles): readonly Fault[] {
  const faults: Fault[] = [];
  const certificate = attempt(
    () => new X509Certificate(readFileSync(certFile)),
    (why) => faults.push(fault('TLS_CERT_FILE', certFile, `be a readable file with a PEM certificate: ${why}`)),
  );
  const key = attempt(
    () => createPrivateKey(readFileSync(keyFile)),
    (why) =>
      faults.push(fault('TLS_KEY_FILE', keyFile, `be a readable file with a PEM private key, not encrypted: ${why}`)),
  );
  if (certificate && key && !belongs(certificate, key))
    faults.push(fault('TLS_KEY_FILE', keyFile, `hold the key of the certificate in TLS_CERT_FILE (${certFile})`));
  return faults;
}

const belongs = (certificate: X509Certificate, key: KeyObject): boolean => certificate.checkPrivateKey(key);

function attempt<T>(read: () => T, otherwise: (why: string) => void): T | undefined {
  try {
    return read();
  } catch (error) {
    otherwise((error as Error).message);
    return undefined;
  }
}

function fault(name: string, value: string, must: string): Fault {
  return { rule: 'environment', fields: [name], message: `${name} (${value}) must ${must}` };
}
