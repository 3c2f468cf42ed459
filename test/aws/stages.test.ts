import { stages, stageValues } from '../../lib/aws/stages.ts';

test('a stage has its values, and those that are given win', () => {
  expect(stageValues('dev')).toEqual(stages.dev);
  expect(stageValues('prod')).toEqual(stages.prod);
  expect(stageValues('prod', { cacheReplicas: 2, logDays: undefined })).toEqual({ ...stages.prod, cacheReplicas: 2 });
});

test('a number of gateways can be given to a stage that has one a zone', () => {
  expect(stageValues('prod', { natGateways: 1 })).toEqual({ ...stages.prod, natGateways: 1 });
});

test('what is not decided by stages does not come along', () => {
  const aws = { stage: 'dev', name: 'X', logDays: 30 } as const;

  expect(stageValues(aws.stage, aws)).toEqual({ ...stages.dev, logDays: 30 });
});
