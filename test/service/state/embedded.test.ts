import { EmbeddedState } from '../../../service/state/embedded.ts';
import { stateContract } from './contract.ts';

describe('state in the process', () => {
  stateContract(() => new EmbeddedState());
});
