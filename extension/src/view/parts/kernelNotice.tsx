/** What is wrong with the kernel, or else with the view's own work, above the last good result. */
import type { Problem } from '../../protocol/messages';
import { useChanges, useSurroundings } from './context';
import { type NextStep, Notice } from './notice';

export function KernelNotice({ problem, steps }: { problem: Problem | null; steps?: NextStep[] }) {
  const { connection, trans } = useSurroundings();
  useChanges(connection);
  const { transport } = connection;
  const repair = (label: string): NextStep[] =>
    transport.repair ? [{ label, onClick: () => transport.repair!() }] : [];
  const refused = (message: string, hint: string): Problem => ({ type: 'refused', message, hint });
  if (transport.state === 'missing') {
    const message = trans.__('The package workbench could not be imported in this kernel: %1.', transport.detail);
    const hint = trans.__('Install it there, or use another kernel.');
    return <Notice problem={refused(message, hint)} steps={repair(trans.__('Choose another kernel'))} />;
  }
  if (transport.state === 'closed') {
    const message = trans.__('The notebook %1, whose kernel this panel uses, is not open.', transport.detail);
    return <Notice problem={refused(message, '')} steps={repair(trans.__('Open the notebook'))} />;
  }
  if (transport.state === 'dead') {
    const hint = trans.__('Runs are kept in the store.');
    return (
      <Notice
        problem={refused(trans.__('There is no kernel.'), hint)}
        steps={repair(trans.__('Choose another kernel'))}
      />
    );
  }
  const own = problem ?? connection.problem;
  return own && <Notice problem={own} steps={steps ?? []} />;
}
