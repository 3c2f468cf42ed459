import type { ProxyDriver, RunningProxy, Way } from './driver.ts';

/** One proxy behind another, each with its own files: client → outer → inner → service. What is broken is broken in both. */
export const chainOf = (outer: ProxyDriver, inner: ProxyDriver): ProxyDriver => ({
  name: `${inner.name} behind ${outer.name}`,
  version: async () => `${await inner.version()} behind ${await outer.version()}`,
  start: async (replicas, policy, mutate) => {
    const behind = await inner.start(replicas, policy, mutate);
    const port = Number(new URL(behind.url).port);
    const before = await outer.start([port, port], policy, mutate);
    const noticesLeaversLate = behind.ways.some((way) => way.url === behind.url && way.noticesLeaversLate);
    return {
      url: before.url,
      ways: before.ways.map((way): Way => (noticesLeaversLate ? { ...way, noticesLeaversLate } : way)),
      reload: async () => {
        await Promise.all([before.reload(), behind.reload()]);
      },
      noticesDrainsLate: behind.noticesDrainsLate ?? false,
      log: () => logsOf([before, behind]),
    };
  },
  validate: async (policy, mutate) => {
    for (const driver of [outer, inner]) await driver.validate(policy, mutate);
  },
});

const logsOf = (proxies: readonly RunningProxy[]): string => proxies.map(({ log }) => log?.() ?? '').join('');
