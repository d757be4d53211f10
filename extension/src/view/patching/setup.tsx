/** The inputs of `localize`, the forecast and the one primary button. */
import type { Trans } from '../../trans';
import { Segments } from '../parts/button';
import { useSurroundings, useTrans } from '../parts/context';
import { NumberField, type Repair, SelectField, TextField } from '../parts/fields';
import { RunButton } from '../parts/forecast';
import { PromptField, quotedText, quoteLast } from '../parts/prompt';
import { type Choice, KEPT, STEP_WINDOWS, wrongWith } from './choice';
import { usePatching } from './context';

export function Setup() {
  const trans = useTrans();
  const patching = usePatching();
  const { choice } = patching;
  const change = (part: Partial<Choice>): void => patching.change(part);
  return (
    <div class="jp-Workbench-setup" role="group" aria-label={trans.__('Setup')}>
      <Prompt name="source" label={trans.__('Source prompt')} />
      <Prompt name="target" label={trans.__('Target prompt')} />
      <div class="jp-Workbench-options">
        <SelectField
          label={trans.__('Pairs')}
          value={choice.from}
          choices={[
            ['prompts', trans.__('These two prompts')],
            ['made', trans.__('Made for the model')],
            ['file', trans.__('From a CSV file')],
          ]}
          onChange={from => change({ from })}
        />
        {choice.from === 'made' && (
          <NumberField
            label={trans.__('How many')}
            value={choice.made}
            low={1}
            high={1000}
            onChange={made => change({ made })}
          />
        )}
        {choice.from === 'file' && (
          <TextField
            label={trans.__('File with source and target columns')}
            value={choice.file}
            wrong={choice.file.trim() ? null : { message: trans.__('Which file?') }}
            onChange={file => change({ file })}
          />
        )}
        <NumberField
          label={trans.__('Seeds')}
          value={choice.seeds}
          low={1}
          high={64}
          onChange={seeds => change({ seeds })}
        />
        <NumberField
          label={trans.__('Steps')}
          value={choice.steps ?? patching.siteMap?.steps ?? 16}
          low={1}
          high={1000}
          onChange={steps => change({ steps })}
        />
        <SelectField
          label={trans.__('Sites')}
          value={choice.screen > 0 ? 'screened' : 'all'}
          choices={[
            ['all', trans.__('All of them')],
            ['screened', trans.__('The best of a screening')],
          ]}
          onChange={sites => change({ screen: sites === 'screened' ? KEPT : 0 })}
        />
        {choice.screen > 0 && (
          <NumberField
            label={trans.__('Sites to keep')}
            value={choice.screen}
            low={1}
            high={1000}
            onChange={screen => change({ screen })}
          />
        )}
        <Segments
          label={trans.__('Sweep')}
          value={choice.heads ? 'heads' : choice.windows > 1 ? 'steps' : 'sites'}
          choices={[
            ['sites', trans.__('Sites')],
            ['heads', trans.__('Sites × heads')],
            ['steps', trans.__('Sites × steps')],
          ]}
          onChange={sweep => change({ heads: sweep === 'heads', windows: sweep === 'steps' ? STEP_WINDOWS : 1 })}
        />
        <Run />
      </div>
    </div>
  );
}

function Prompt({ name, label }: { name: 'source' | 'target'; label: string }) {
  const trans = useTrans();
  const patching = usePatching();
  const value = patching.choice[name];
  const used = patching.choice.from === 'prompts';
  const wrong =
    used && !quotedText(value) ? missingQuotes(value, prompt => patching.change({ [name]: prompt }), trans) : null;
  return (
    <PromptField label={label} value={value} wrong={wrong} onChange={prompt => patching.change({ [name]: prompt })} />
  );
}

function missingQuotes(prompt: string, change: (prompt: string) => void, trans: Trans): Repair {
  const quoted = quoteLast(prompt);
  const message = trans.__('No quoted text. Put the word to draw in double quotes.');
  return quoted
    ? { message, label: trans.__('Quote %1', quoted.word), repair: () => change(quoted.prompt) }
    : { message };
}

function Run() {
  const { connection, trans } = useSurroundings();
  const patching = usePatching();
  return (
    <RunButton
      label={patching.result && !patching.recorded.isShown ? trans.__('Run again') : trans.__('Run')}
      forecast={patching.forecast}
      refused={refusal(connection.transport.connected)}
      cheaper={
        patching.choice.heads || patching.choice.windows > 1
          ? trans.__('Sites alone are cheaper.')
          : trans.__('Fewer seeds are cheaper.')
      }
      onRun={() => void patching.start()}
    />
  );

  function refusal(connected: boolean): string {
    const reasons = {
      'no-model': trans.__('Choose a model first.'),
      source: trans.__('The source prompt has no quoted text.'),
      target: trans.__('The target prompt has no quoted text.'),
      same: trans.__('Source and target say the same.'),
      file: trans.__('Name the file with the pairs.'),
    };
    const wrong = wrongWith(patching.choice);
    if (wrong !== null) {
      return reasons[wrong];
    }
    if (patching.isRunning) {
      return trans.__('A run is going on.');
    }
    return connected ? '' : trans.__('The kernel is not ready.');
  }
}
