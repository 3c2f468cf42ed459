import fc from 'fast-check';
import {
  admissionSeconds,
  defaults,
  durationCapSeconds,
  graceSeconds,
  longestAbsenceSeconds,
  longestSilenceSeconds,
  oldestStreamSeconds,
  poolIdleSeconds,
  retryBoundsMs,
  serverTimersMs,
  stopSeconds,
} from '../../lib/policy/index.ts';
import { validPolicies } from './arbitraries.ts';

test('the default policy leads to these numbers', () => {
  const derived = {
    longestSilence: longestSilenceSeconds(defaults),
    oldestStream: oldestStreamSeconds(defaults),
    durationCap: durationCapSeconds(defaults),
    poolIdle: poolIdleSeconds(defaults),
    stop: stopSeconds(defaults),
    grace: graceSeconds(defaults),
    retry: retryBoundsMs(defaults),
    admission: admissionSeconds(defaults),
    longestAbsence: longestAbsenceSeconds(defaults),
  };

  expect(derived).toEqual({
    longestSilence: 35,
    oldestStream: 3960,
    durationCap: 3990,
    poolIdle: 60,
    stop: 40,
    grace: 55,
    retry: { least: 1500, most: 4500 },
    admission: 20,
    longestAbsence: 130,
  });
});

test('the timers of the service are in milliseconds, and its inactivity timeout is off', () => {
  expect(serverTimersMs(defaults)).toEqual({
    keepAliveTimeout: 125_000,
    requestTimeout: 30_000,
    headersTimeout: 20_000,
    connectionTimeout: 0,
  });
});

test('derived seconds are whole, because whole seconds are what every target takes', () => {
  fc.assert(
    fc.property(validPolicies, (policy) => {
      const derived = [
        longestSilenceSeconds,
        oldestStreamSeconds,
        durationCapSeconds,
        graceSeconds,
        longestAbsenceSeconds,
      ];

      expect(derived.map((derive) => derive(policy)).filter((seconds) => !Number.isInteger(seconds))).toEqual([]);
    }),
  );
});
