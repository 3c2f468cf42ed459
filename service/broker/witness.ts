/**
 * The newest event that a replica knows the store to have had: because it was answered, or because it was heard. A store
 * that comes back without it has lost writes.
 */
export class Witness {
  epoch = '';
  channel = '';
  position = 0;

  saw(epoch: string, channel: string, position: number): void {
    if (epoch === this.epoch && position <= this.position) return;
    this.epoch = epoch;
    this.channel = channel;
    this.position = position;
  }
}
