import { request as http } from 'node:http';
import { request as https } from 'node:https';

/** The image's HEALTHCHECK: exits with 0 when the service of this container says that it is alive, else with 1. */
const { HOST = '', PORT, TLS_CERT_FILE } = process.env;

const answered = (status = 0): void => process.exit(status === 200 ? 0 : 1);

const options = {
  // all addresses, or none said: loopback is one of them
  host: ['', '0.0.0.0', '::'].includes(HOST) ? '127.0.0.1' : HOST,
  port: PORT || '8080',
  path: '/livez',
  timeout: 4000,
  // the certificate is for the name that clients use, and not for loopback
  rejectUnauthorized: false,
};

(TLS_CERT_FILE ? https : http)(options, ({ statusCode }) => answered(statusCode))
  .on('error', () => answered())
  .on('timeout', () => answered())
  .end();
