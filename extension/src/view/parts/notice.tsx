/** What went wrong: what happened, what to do as a button, and the stack trace only on request. */
import type { Problem } from '../../protocol/messages';
import { Button } from './button';
import { useTrans } from './context';
import { Icon } from './icon';

export interface NextStep {
  label: string;
  onClick(): void;
}

/** Put what went wrong on the clipboard, with the stack trace. */
export function copyDetails(problem: Problem): Promise<void> {
  const text = [problem.message, problem.hint, problem.details ?? ''].filter(Boolean).join('\n');
  return navigator.clipboard.writeText(text);
}

export function Notice({ problem, steps = [] }: { problem: Problem; steps?: NextStep[] }) {
  const trans = useTrans();
  return (
    <div class="jp-Workbench-notice" role="alert">
      <Icon name={problem.type === 'failed' || problem.type === 'protocol' ? 'bad' : 'warn'} kind="bad" />
      <div class="jp-Workbench-noticeText">
        <strong>{problem.message}</strong> {problem.hint}
      </div>
      {steps.map(step => (
        <Button key={step.label} {...step} />
      ))}
      {problem.details && (
        <Button kind="quiet" label={trans.__('Copy details')} onClick={() => void copyDetails(problem)} />
      )}
    </div>
  );
}
