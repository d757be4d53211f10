/** The set that the rule of the setup chooses among the images of a run; the kernel is asked again when one of them changes. */
import type { ArmScore, PatchingResult } from '../../protocol/messages';
import type { Choice } from './choice';
import type { Patching } from './patching';

export class Rule {
  /** Null if no set meets the rule, undefined while it is not known. */
  chosen: ArmScore | null | undefined = undefined;

  constructor(private patching: Patching) {}

  resultChanged(result: PatchingResult): void {
    const { found, rule, status } = result;
    const { share, margin } = this.patching.choice;
    const own = rule.share === share && rule.drift_margin === margin;
    this.chosen = found && own ? (found.reached ? found.score : null) : undefined;
    if (this.chosen === undefined && status === 'done') {
      void this.apply();
    }
  }

  /** Ask which set it is. While a rule is dragged, one question is on its way at a time, and the last rule is asked for. */
  async apply(): Promise<void> {
    const { patching } = this;
    const { result, choice } = patching;
    if (result?.status !== 'done' || patching.recorded.isShown || this.asking) {
      return;
    }
    this.asking = true;
    const rule = { run: result.run, share: choice.share, drift_margin: choice.margin };
    const answer = await patching.ask(() => patching.connection.client.request('patching.found', rule));
    this.asking = false;
    if (result.run !== patching.result?.run || !sameRule(choice, patching.choice)) {
      void this.apply();
    } else if (answer) {
      this.chosen = answer.payload.found;
      patching.tell();
    }
  }

  private asking = false;
}

function sameRule(one: Choice, other: Choice): boolean {
  return one.share === other.share && one.margin === other.margin;
}
