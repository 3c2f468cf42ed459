import { z } from 'zod';

const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const dnsName = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A name as of a namespace (RFC 1123 label). */
export const label = () => z.string().regex(dnsLabel, 'lower-case letters, digits and dashes');

/** A host name, or the name of most objects of Kubernetes (RFC 1123 subdomain). */
export const dns = (what: string) => z.string().regex(dnsName, what);

/** What labels and annotations are called: a name of up to 63 characters, after a domain and a slash if it has an owner. */
const qualifiedName = /^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;

const key = z.string().regex(qualifiedName, 'a name such as team or example.com/team');

/** Labels: selectors go by them, so their values are short and plain. */
export const labels = () =>
  z.record(key, z.string().regex(labelValue, 'up to 63 letters, digits, dashes, dots or underscores')).default({});

/** Annotations: any text. */
export const annotations = () => z.record(key, z.string()).default({});
