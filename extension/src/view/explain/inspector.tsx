/** The word under the cursor: its pieces, what happens without it, the labels' probabilities, and the code. */
import type { ExplainedText } from '../../protocol/messages';
import { Button } from '../parts/button';
import { useTrans } from '../parts/context';
import { percent, signed } from '../parts/numbers';
import { SetupCode } from '../parts/setupCode';
import { wholeSetup } from './choice';
import { useExplain } from './context';

export function Inspector() {
  const trans = useTrans();
  const explain = useExplain();
  const text = explain.result?.texts[explain.cursor.text];
  const back = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      const panel = (event.currentTarget as HTMLElement).closest('.jp-Workbench');
      panel?.querySelector<HTMLElement>('[role=listbox] [tabindex="0"]')?.focus();
      event.stopPropagation();
    }
  };
  return (
    <aside class="jp-Workbench-inspector" tabIndex={-1} aria-label={trans.__('Inspector')} onKeyDown={back}>
      {text ? <WordFacts text={text} /> : <p class="jp-Workbench-note">{trans.__('Choose a word to look at it.')}</p>}
      {text && <Labels text={text} />}
      <Code />
    </aside>
  );
}

function WordFacts({ text }: { text: ExplainedText }) {
  const trans = useTrans();
  const explain = useExplain();
  const { cursor } = explain;
  const word = text.words[cursor.word];
  if (word === undefined) {
    return null;
  }
  const pieces = text.pieces.filter(piece => piece.word === cursor.word);
  const gone = explain.shortened.get(cursor.text)?.words ?? [];
  return (
    <section class="jp-Workbench-section">
      <h3>
        {word.text}
        <small>{word.score < 0 ? trans.__('away from %1', text.target) : trans.__('towards %1', text.target)}</small>
      </h3>
      <dl class="jp-Workbench-facts">
        <Fact name={trans.__('Value, logits')} value={signed(word.score, 3)} />
        {pieces.length > 1 &&
          pieces.map((piece, place) => <Fact key={place} name={piece.text} value={signed(piece.score, 3)} code />)}
      </dl>
      <div class="jp-Workbench-turn">
        <Button
          label={trans.__('Take away')}
          refused={gone.includes(cursor.word) ? trans.__('It is taken away already.') : undefined}
          onClick={() => explain.remove(cursor.text, cursor.word)}
        />
        {gone.length > 0 && <Button label={trans.__('Bring back')} onClick={() => explain.restore(cursor.text)} />}
      </div>
      <Without text={text} />
    </section>
  );
}

/** What the classifier decides without the words that were taken away. */
function Without({ text }: { text: ExplainedText }) {
  const trans = useTrans();
  const explain = useExplain();
  const shortened = explain.shortened.get(explain.cursor.text);
  if (shortened === undefined) {
    return null;
  }
  const { decided, words } = shortened;
  const change = decided ? signed(decided.margin - text.margin) : '…';
  return (
    <dl class="jp-Workbench-facts" aria-live="polite">
      <Fact
        name={trans._n('Margin without %1 word', 'Margin without %1 words', words.length)}
        value={decided ? `${signed(decided.margin)} (${change})` : '…'}
      />
      <Fact name={text.target} value={decided ? percent(decided.probability) : '…'} />
      {decided && decided.prediction !== text.prediction && (
        <Fact name={trans.__('Prediction')} value={`${text.prediction} → ${decided.prediction}`} />
      )}
    </dl>
  );
}

function Labels({ text }: { text: ExplainedText }) {
  const trans = useTrans();
  return (
    <section class="jp-Workbench-section">
      <h3>{trans.__('Labels')}</h3>
      <dl class="jp-Workbench-facts">
        {Object.entries(text.probabilities).map(([label, share]) => (
          <Fact key={label} name={label} value={percent(share, 1)} />
        ))}
      </dl>
    </section>
  );
}

function Fact({ name, value, code }: { name: string; value: string; code?: boolean }) {
  return (
    <div>
      <dt>{code ? <code>{name}</code> : name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** The script holds the texts as they are, so it is drawn only where nothing is masked. */
function Code() {
  const trans = useTrans();
  const { choice, result, comparison, shown } = useExplain();
  const masked = !shown && (result?.texts ?? []).some(text => text.words.some(word => word.toxic));
  const setup = wholeSetup(choice);
  if (masked) {
    return (
      <section class="jp-Workbench-section">
        <h3>{trans.__('As Python')}</h3>
        <p class="jp-Workbench-note">{trans.__('The code holds masked words; Copy as Python copies it unseen.')}</p>
      </section>
    );
  }
  return <SetupCode view="explain" settings={setup && { ...setup, ...(comparison ? { methods: [] } : {}) }} />;
}
