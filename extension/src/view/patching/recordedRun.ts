/** The recorded run that the panel shows until one of its own is there. */
import type { ImageRef, PatchingResult, PatchingSetup } from '../../protocol/messages';
import { type Example, loadExample, RECORDED } from '../example';
import { choiceOf } from './choice';
import type { Patching } from './patching';

export class RecordedRun {
  constructor(private patching: Patching) {}

  get isShown(): boolean {
    return this.patching.result?.run === RECORDED;
  }

  async show(): Promise<void> {
    const { patching } = this;
    const example = await loadExample<PatchingSetup, PatchingResult>(patching.connection.client, 'patching');
    const result = example?.results[0];
    const { model } = patching.choice;
    const fits = model === null || model.name === result?.model;
    if (example && result && fits && patching.hasNoRun) {
      this.example = example;
      patching.result = result;
      patching.rule.chosen = result.found?.score;
      patching.images = example.images<ImageRef>(({ arm }) => arm);
      patching.images.onChange(() => patching.tell());
      patching.tell();
    }
  }

  /** What was recorded makes place for what runs here, or for another model. */
  forget(): void {
    if (this.isShown) {
      this.patching.result = null;
      this.patching.rule.chosen = undefined;
    }
  }

  /** Run here what is shown. */
  async run(): Promise<void> {
    if (this.example !== null) {
      this.patching.change(choiceOf(this.example.setup));
      await this.patching.start();
    }
  }

  private example: Example<PatchingSetup, PatchingResult> | null = null;
}
