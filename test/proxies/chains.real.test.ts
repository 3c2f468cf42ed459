import { chainOf } from './chain.ts';
import { haproxyDriver } from './haproxy.ts';
import { nginxDriver } from './nginx.ts';
import { proveProxy } from './proof.ts';
import { varnishDriver } from './varnish.ts';

const nginx = nginxDriver('before 1.25.1');

proveProxy(chainOf(nginx, nginx));
proveProxy(chainOf(nginx, haproxyDriver()));
proveProxy(chainOf(haproxyDriver(), varnishDriver()));
