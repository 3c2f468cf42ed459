import { X509Certificate } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import type { Server } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import type { ServiceSettings } from './settings.ts';
import { readTls } from './tls.ts';

/** Looked at by time and not by notice: a mounted secret is a link to a folder that is swapped, which notices miss. */
const lookMs = 30_000;

/**
 * Keeps the server's certificate that of its files: it is renewed while the service runs, and streams that are open keep
 * theirs. Returns what takes the files as they are now. Files that do not hold are told in the log, and the certificate
 * before them stays in use.
 */
export function followCertificate(app: FastifyInstance, { tls }: Pick<ServiceSettings, 'tls'>): () => void {
  if (tls === undefined) return () => {};
  const reload = (): void => {
    try {
      const read = readTls(tls);
      (app.server as unknown as Server).setSecureContext(read);
      const { validTo } = new X509Certificate(read.cert);
      app.log.info({ validTo }, 'certificate loaded');
      if (Date.parse(validTo) <= Date.now()) app.log.warn({ validTo }, 'the certificate has expired');
    } catch (error) {
      // half of a renewal: the other file follows
      app.log.warn({ err: { message: (error as Error).message } }, 'certificate not loaded');
    }
  };
  const files = [tls.certFile, tls.keyFile];
  for (const file of files) watchFile(file, { interval: lookMs, persistent: false }, reload);
  app.addHook('onClose', async () => {
    for (const file of files) unwatchFile(file, reload);
  });
  return reload;
}
