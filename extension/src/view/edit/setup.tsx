/** The inputs of `edit_text` and the one primary button. */
import type { Trans } from '../../trans';
import { useSurroundings, useTrans } from '../parts/context';
import { NumberField, type Repair, SelectField, TextField } from '../parts/fields';
import { RunButton } from '../parts/forecast';
import { FoundChooser } from '../parts/foundChooser';
import { PromptField, quotedText, quoteLast } from '../parts/prompt';
import { type Choice, MOST_TARGETS, type Wrong, wrongTargets, wrongWith } from './choice';
import { useEdit } from './context';

export function Setup() {
  const trans = useTrans();
  const edit = useEdit();
  const { choice } = edit;
  const change = (part: Partial<Choice>): void => edit.change(part);
  const wrong = wrongTargets(choice);
  return (
    <div class="jp-Workbench-setup" role="group" aria-label={trans.__('Setup')}>
      <PromptField
        label={trans.__('Source prompt')}
        value={choice.source}
        wrong={quotedText(choice.source) ? null : missingQuotes(choice.source, source => change({ source }), trans)}
        onChange={source => change({ source })}
      />
      <TextField
        label={trans.__('Target texts, with commas between them')}
        value={choice.targets}
        wrong={wrong && { message: reasonOf(wrong, trans) }}
        onChange={targets => change({ targets })}
      />
      <div class="jp-Workbench-options">
        <FoundChooser
          sets={edit.sets}
          models={edit.models}
          found={choice.found}
          model={edit.model}
          onLook={() => void edit.loadSets()}
          onChange={(found, model) => change({ found, model })}
        />
        <NumberField
          label={trans.__('Start step')}
          value={choice.start}
          low={0}
          high={199}
          onChange={start => change({ start })}
        />
        <SelectField
          label={trans.__('Image')}
          value={choice.from}
          choices={[
            ['model', trans.__('Drawn by the model')],
            ['file', trans.__('From a file')],
          ]}
          onChange={from => change({ from })}
        />
        {choice.from === 'file' ? (
          <TextField
            label={trans.__('Image file that the source prompt describes')}
            value={choice.file}
            wrong={choice.file.trim() ? null : { message: trans.__('Which file?') }}
            onChange={file => change({ file })}
          />
        ) : (
          <NumberField
            label={trans.__('Seeds')}
            value={choice.seeds}
            low={1}
            high={32}
            onChange={seeds => change({ seeds })}
          />
        )}
        <NumberField
          label={trans.__('Steps')}
          value={choice.steps ?? edit.usualSteps}
          low={1}
          high={200}
          onChange={steps => change({ steps })}
        />
        <EditButton />
      </div>
    </div>
  );
}

function EditButton() {
  const { connection, trans } = useSurroundings();
  const edit = useEdit();
  return (
    <RunButton
      label={edit.result && !edit.recorded ? trans.__('Edit again') : trans.__('Edit')}
      forecast={edit.forecast}
      refused={refusal()}
      cheaper={trans.__('Fewer seeds or texts are cheaper.')}
      onRun={() => void edit.start()}
    />
  );

  function refusal(): string {
    const wrong = wrongWith(edit.choice, edit.model);
    if (!connection.transport.connected) {
      return trans.__('The kernel is not ready.');
    }
    if (wrong !== null) {
      return reasonOf(wrong, trans);
    }
    if (connection.guardOf(edit.model)) {
      return trans.__('Turn the guard off first.');
    }
    return edit.isRunning ? trans.__('An edit is going on.') : '';
  }
}

function reasonOf(wrong: Wrong, trans: Trans): string {
  const reasons: Record<Wrong, string> = {
    'no-found': trans.__('Choose a found set first.'),
    'no-model': trans.__('Choose the model of the found set.'),
    file: trans.__('Name the file with the image.'),
    source: trans.__('The source prompt has no quoted text.'),
    'no-target': trans.__('Type at least one text.'),
    many: trans.__('At most %1 texts in one edit.', MOST_TARGETS),
    quotes: trans.__('Write the bare texts, without quotes.'),
    long: trans.__('A text is too long to draw.'),
    same: trans.__('One of the texts is that of the source prompt.'),
  };
  return reasons[wrong];
}

function missingQuotes(prompt: string, change: (prompt: string) => void, trans: Trans): Repair {
  const quoted = quoteLast(prompt);
  const message = trans.__('No quoted text. Put the word to draw in double quotes.');
  return quoted
    ? { message, label: trans.__('Quote %1', quoted.word), repair: () => change(quoted.prompt) }
    : { message };
}
