/** The button that names the model, and the popover in which another one is chosen. */
import { useEffect, useRef, useState } from 'preact/hooks';

import type { ModelEntry, ModelRef } from '../../protocol/messages';
import { Button, Segments } from '../parts/button';
import { useTrans, useUniqueId } from '../parts/context';
import { TextField } from '../parts/fields';
import { Icon } from '../parts/icon';
import { parameters } from '../parts/numbers';
import { usePatching } from './context';

type Source = ModelRef['source'];

export function ModelChooser() {
  const trans = useTrans();
  const patching = usePatching();
  const [open, setOpen] = useState(false);
  const id = useUniqueId();
  const button = useRef<HTMLButtonElement>(null);
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  const choose = (model: ModelRef): void => {
    close();
    void patching.chooseModel(model);
  };
  return (
    <div class="jp-Workbench-chooser">
      <button
        type="button"
        ref={button}
        class="jp-Workbench-button jp-mod-model"
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {patching.choice.model?.name ?? trans.__('Choose a model')}
        <Icon name="open" />
      </button>
      {open && <Popover id={id} onChoose={choose} onClose={close} />}
    </div>
  );
}

function Popover(props: { id: string; onChoose(model: ModelRef): void; onClose(): void }) {
  const trans = useTrans();
  const patching = usePatching();
  const [source, setSource] = useState<Source>(patching.choice.model?.source ?? 'embedded');
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.querySelector('button')?.focus(), []);
  const leave = (event: FocusEvent): void => {
    if (event.relatedTarget instanceof Node && !place.current?.contains(event.relatedTarget)) {
      props.onClose();
    }
  };
  const choices = [
    ['embedded', trans.__('Embedded')],
    ['folder', trans.__('Folder')],
    ['hub', trans.__('Hub id')],
    ['variable', trans.__('Notebook')],
  ] as const;
  return (
    <div
      ref={place}
      id={props.id}
      class="jp-Workbench-popover"
      role="dialog"
      aria-label={trans.__('Choose a model')}
      onKeyDown={event => event.key === 'Escape' && props.onClose()}
      onFocusOut={leave}
    >
      <Segments<Source> label={trans.__('Model from')} value={source} choices={choices} onChange={setSource} />
      {source === 'embedded' || source === 'variable' ? (
        <Entries source={source} onChoose={props.onChoose} />
      ) : (
        <NameForm key={source} source={source} onChoose={props.onChoose} />
      )}
    </div>
  );
}

function Entries(props: { source: 'embedded' | 'variable'; onChoose(model: ModelRef): void }) {
  const trans = useTrans();
  const patching = usePatching();
  const entries = patching.models?.filter(entry => entry.source === props.source);
  if (entries === undefined) {
    return <p class="jp-Workbench-note">{trans.__('The kernel has not answered yet.')}</p>;
  }
  if (entries.length === 0) {
    return <p class="jp-Workbench-note">{trans.__('No variable of this kernel holds a pipeline.')}</p>;
  }
  return (
    <ul class="jp-Workbench-entries">
      {entries.map(entry => (
        <li key={entry.name}>
          <button
            type="button"
            class="jp-Workbench-entry"
            aria-disabled={entry.refused ? true : undefined}
            onClick={() => entry.refused || props.onChoose({ source: entry.source, name: entry.name })}
          >
            <strong>{entry.name}</strong>
            <EntryFacts entry={entry} />
            <small>{entry.refused || entry.note}</small>
          </button>
        </li>
      ))}
    </ul>
  );
}

function EntryFacts({ entry }: { entry: ModelEntry }) {
  const trans = useTrans();
  const facts = [
    entry.family,
    entry.sites === null ? '' : trans._n('%1 site', '%1 sites', entry.sites),
    entry.parameters === null ? '' : trans.__('%1 parameters', parameters(entry.parameters)),
  ];
  return <span>{facts.filter(Boolean).join(', ')}</span>;
}

function NameForm(props: { source: 'folder' | 'hub'; onChoose(model: ModelRef): void }) {
  const trans = useTrans();
  const current = usePatching().choice.model;
  const [name, setName] = useState(current?.source === props.source ? current.name : '');
  const folder = props.source === 'folder';
  const choose = (event: Event): void => {
    event.preventDefault();
    if (name.trim()) {
      props.onChoose({ source: props.source, name: name.trim().slice(0, 400) });
    }
  };
  return (
    <form class="jp-Workbench-nameForm" onSubmit={choose}>
      <TextField
        label={folder ? trans.__('Folder that save_pretrained wrote') : trans.__('Hub id such as owner/name')}
        value={name}
        onChange={setName}
      />
      <Button
        label={trans.__('Open')}
        onClick={() => name.trim() && props.onChoose({ source: props.source, name: name.trim() })}
      />
      <p class="jp-Workbench-note">
        {trans.__('Only safetensors are read; code that comes with a model is never run.')}
      </p>
    </form>
  );
}
