import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, isInstalled, listening, Program, temporaryFolder } from '../program.ts';
import { heartbeatMs } from './publish-body.ts';
import type { Server } from './server.ts';

/** Where Debian's libnginx-mod-nchan puts the module; NCHAN_MODULE names another place. */
export const nchanModule = process.env.NCHAN_MODULE ?? '/usr/lib/nginx/modules/ngx_nchan_module.so';

const configuration = (port: number): string => `
load_module ${nchanModule};
daemon off;
pid nginx.pid;
error_log stderr error;
worker_processes 1;
worker_rlimit_nofile ${process.env.BENCH_FILES ?? 20000};
events { worker_connections 65536; }
http {
  access_log off;
  keepalive_timeout 130;
  keepalive_requests 1000000000;
  client_body_temp_path body;
  nchan_shared_memory_size 256m;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /events {
      nchan_subscriber eventsource;
      nchan_channel_id $arg_channel;
      nchan_subscriber_first_message newest;
      nchan_eventsource_ping_interval ${heartbeatMs / 1000};
    }
    location ~ ^/channels/(?<channel>[^/]+)/events$ {
      nchan_publisher;
      nchan_channel_id $channel;
      nchan_message_buffer_length 10000;
      nchan_message_timeout 10m;
    }
  }
}
`;

/** nchan in Debian's nginx, one worker. */
export const nchan: Server = {
  name: 'nchan',
  bare: true,
  replays: true,
  missing: () => {
    if (!isInstalled('nginx')) return 'nginx is not installed';
    if (!existsSync(nchanModule)) return 'libnginx-mod-nchan is not installed (or set NCHAN_MODULE)';
    return undefined;
  },
  start: async () => {
    const port = await freePort();
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'nginx.conf'), configuration(port));
    const program = new Program('server', ['nginx', '-p', folder, '-c', 'nginx.conf', '-e', 'stderr']);
    await listening(program, port);
    return { program, port, takesOrders: false, stop: () => program.stop() };
  },
};
