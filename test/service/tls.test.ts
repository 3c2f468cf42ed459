import { writeFileSync } from 'node:fs';
import { settingsFromEnv } from '../../service/settings.ts';
import { certificateFiles, createCertificate } from '../support/certificate.ts';
import { stopPrograms } from '../support/programs.ts';

afterAll(stopPrograms);

const faultsOf = (env: Record<string, string>): string[] => {
  try {
    settingsFromEnv(env);
    return [];
  } catch (error) {
    return (error as Error).message.split('\n').slice(1);
  }
};

describe('the certificate’s files', () => {
  test('are taken both', () => {
    const { certFile, keyFile } = certificateFiles();
    expect(settingsFromEnv({ TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile }).tls).toEqual({ certFile, keyFile });
    expect(settingsFromEnv({}).tls).toBeUndefined();
  });

  test('come together or not at all', () => {
    expect(faultsOf({ TLS_CERT_FILE: 'cert.pem' })).toEqual([
      '  TLS_CERT_FILE (cert.pem) must come with TLS_KEY_FILE: a certificate is of use with its key only [environment]',
    ]);
    expect(faultsOf({ TLS_KEY_FILE: 'key.pem' })).toEqual([expect.stringMatching(/^ {2}TLS_KEY_FILE.*TLS_CERT_FILE/)]);
  });

  test('are there, hold PEM and belong together, or all of it is said at once', () => {
    const files = certificateFiles();
    writeFileSync(files.keyFile, 'no key');
    const other = certificateFiles();
    const mixed = certificateFiles({ ...createCertificate(), key: createCertificate().key });

    expect(faultsOf({ PORT: 'x', TLS_CERT_FILE: '/nowhere/cert.pem', TLS_KEY_FILE: files.keyFile })).toEqual([
      expect.stringContaining('PORT (x)'),
      expect.stringMatching(/TLS_CERT_FILE \(\/nowhere\/cert.pem\) must be a readable file.*ENOENT/),
      expect.stringMatching(/TLS_KEY_FILE \(.*\) must be a readable file with a PEM private key/),
    ]);
    expect(faultsOf({ TLS_CERT_FILE: other.keyFile, TLS_KEY_FILE: other.keyFile })).toEqual([
      expect.stringContaining('must be a readable file with a PEM certificate'),
    ]);
    expect(faultsOf({ TLS_CERT_FILE: mixed.certFile, TLS_KEY_FILE: mixed.keyFile })).toEqual([
      expect.stringContaining('must hold the key of the certificate in TLS_CERT_FILE'),
    ]);
  });

  test('are never repeated in a fault', () => {
    const { certFile, keyFile } = certificateFiles({
      ...createCertificate(),
      key: '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n',
    });
    expect(faultsOf({ TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile }).join()).not.toContain('c2VjcmV0');
  });
});
