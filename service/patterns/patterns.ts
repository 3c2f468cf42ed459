import type { FastifyInstance } from 'fastify';
import type { Service } from '../service.ts';
import type { ServiceSettings } from '../settings.ts';
import { dashboard } from './dashboard/dashboard.ts';
import { notifications } from './notifications/notifications.ts';
import type { PatternName } from './settings.ts';
import { tokens } from './tokens/tokens.ts';

/** Routes that stand on the service's parts, and nothing else stands on. */
export type Pattern = (app: FastifyInstance, service: Service) => void;

const patterns: Readonly<Record<PatternName, Pattern>> = { notifications, dashboard, tokens };

/** What is switched on. See docs/patterns.md. */
export const patternsOf = (settings: ServiceSettings): readonly Pattern[] =>
  settings.patterns.map((name) => patterns[name]);
