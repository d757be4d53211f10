"""Each published format, as a made-up file of a few rows; what is left out is reported, what is broken is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.classify.data import Dropped, LabelledTexts
from workbench.classify.read import list_formats, read_texts, register_format
from workbench.errors import InputError


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def labels_of(data: LabelledTexts) -> list[str]:
    return [data.labels[target] for target in data.targets]


OLID = "id\ttweet\tsubtask_a\tsubtask_b\tsubtask_c\n" + (
    '1\tan "odd lamp\tNOT\tNULL\tNULL\n'
    "2\ta bad lamp\tOFF\tTIN\tGRP\n"
    "3\tbad\tOFF\tUNT\tNULL\n"
    "4\ta bad lamp\tOFF\tTIN\tGRP\n"
    "5\t \tOFF\tTIN\tIND\n"
)


def test_olid_leaves_unlabelled_rows_out(tmp_path: Path) -> None:
    path = write(tmp_path, "olid.tsv", OLID)
    everything = read_texts(path, "olid-a")
    assert everything.texts == ('an "odd lamp', "a bad lamp", "bad")
    assert labels_of(everything) == ["NOT", "OFF", "OFF"]
    assert everything.dropped == Dropped(empty=1, duplicates=1)
    targeted = read_texts(path, "olid-b")
    assert labels_of(targeted) == ["TIN", "UNT"]
    assert targeted.dropped == Dropped(empty=1, unlabelled=1, duplicates=1)
    assert labels_of(read_texts(path, "olid-c")) == ["GRP"]


def test_olid_test_files_have_their_labels_beside(tmp_path: Path) -> None:
    path = write(tmp_path, "testset-levela.tsv", "id\ttweet\n7\tgood\n8\tbad\n")
    with pytest.raises(InputError, match=r"labels-levela\.csv in the same folder"):
        read_texts(path, "olid-a")
    write(tmp_path, "labels-levela.csv", "7,NOT\n8,OFF\n")
    assert labels_of(read_texts(path, "olid-a")) == ["NOT", "OFF"]
    write(tmp_path, "labels-levela.csv", "8,OFF\n7,NOT\n")
    with pytest.raises(InputError, match="in the order of the tweets"):
        read_texts(path, "olid-a")


def test_hasoc(tmp_path: Path) -> None:
    old = write(tmp_path, "2019.tsv", 'text_id\ttext\ttask_1\ttask_2\ttask_3\n1\ta "lamp\tNOT\tNONE\tNONE\n')
    assert read_texts(old, "hasoc-2019").texts == ('a "lamp',)
    new = write(tmp_path, "2021.csv", ',_id,text,task_1,task_2\n0,a,"bad,\nlamp",HOF,PRFN\n1,b,lamp,NOT,NONE\n')
    assert read_texts(new, "hasoc-2021").texts == ("bad,\nlamp", "lamp")
    assert read_texts(new, "hasoc-2021").labels[0] == "HOF"
    assert labels_of(read_texts(new, "hasoc-2021-b")) == ["PRFN", "NONE"]


def test_tweeteval(tmp_path: Path) -> None:
    path = write(tmp_path, "val_text.txt", "a lamp\na bad lamp\n")
    with pytest.raises(InputError, match="beside"):
        read_texts(path, "tweeteval-hate")
    labels = write(tmp_path, "val_labels.txt", "0\n1\n")
    assert labels_of(read_texts(path, "tweeteval-hate")) == ["not-hate", "hate"]
    assert labels_of(read_texts(path, "tweeteval-offensive")) == ["not-offensive", "offensive"]
    labels.write_text("0\n")
    with pytest.raises(InputError, match="1 and 2"):
        read_texts(path, "tweeteval-hate")
    labels.write_text("0\n7\n")
    with pytest.raises(InputError, match="'7' in row 2"):
        read_texts(path, "tweeteval-hate")


DAVIDSON = ",count,hate_speech,offensive_language,neither,class,tweet\n"


def test_davidson(tmp_path: Path) -> None:
    rows = '0,3,3,0,0,0,"a bad\nlamp"\n1,3,0,3,0,1,"a ""bad"" lamp"\n2,3,0,0,3,2,a lamp\n3,3,0,0,3,1,a lamp\n'
    data = read_texts(write(tmp_path, "labeled_data.csv", DAVIDSON + rows), "davidson")
    assert data.texts == ("a bad\nlamp", 'a "bad" lamp', "a lamp")
    assert labels_of(data) == ["hate", "offensive", "neither"]
    assert data.dropped == Dropped(duplicates=1, conflicting=1)
    assert "1 duplicates, 1 conflicting" in repr(data)


def test_toxic_spans_are_runs_of_characters(tmp_path: Path) -> None:
    rows = 'spans,text\n"[6, 0, 1, 2, 7]",bad a nasty\n[],a lamp\n'
    data = read_texts(write(tmp_path, "tsd_trial.csv", rows), "toxic-spans")
    assert data.spans == (((0, 3), (6, 8)), ())
    assert labels_of(data) == ["marked", "unmarked"]
    for broken, message in ('"[99]",bad', "offsets within 3"), ("x,bad", r"\[4, 5, 6\]"), ("7,bad", r"\[4, 5, 6\]"):
        with pytest.raises(InputError, match=message):
            read_texts(write(tmp_path, "broken.csv", f"spans,text\n{broken}\n{broken}\n"), "toxic-spans")


def test_hatecheck_keeps_what_is_tested(tmp_path: Path) -> None:
    rows = "functionality,case_id,test_case,label_gold\nnegation_nh,1,no bad lamp,non-hateful\nslur_h,2,bad,hateful\n"
    data = read_texts(write(tmp_path, "cases.csv", rows), "hatecheck")
    assert data.functionality == ("negation_nh", "slur_h")
    assert labels_of(data) == ["non-hateful", "hateful"]


def test_hatexplain_takes_majorities(tmp_path: Path) -> None:
    posts = {
        "1": post(["hatespeech", "hatespeech", "normal"], [[1, 0, 0], [1, 0, 1]]),
        "2": post(["hatespeech", "offensive", "normal"], [[1, 0, 0]]),
        "3": post(["normal"] * 3, [], ["fine", "lamp"]),
    }
    data = read_texts(write(tmp_path, "dataset.json", json.dumps(posts)), "hatexplain")
    assert data.texts == ("bad old lamp", "fine lamp")
    assert labels_of(data) == ["hatespeech", "normal"]
    assert data.spans == (((0, 3), (8, 12)), ())
    assert data.dropped == Dropped(unlabelled=1)
    with pytest.raises(InputError, match="rationales"):
        read_texts(write(tmp_path, "broken.json", '{"1": {}}'), "hatexplain")


def post(labels: list[str], rationales: list[list[int]], tokens: list[str] | None = None) -> dict:
    annotators = [{"label": label, "annotator_id": index, "target": []} for index, label in enumerate(labels)]
    return {"annotators": annotators, "rationales": rationales, "post_tokens": tokens or ["bad", "old", "lamp"]}


def test_ones_own_table(tmp_path: Path) -> None:
    data = read_texts(write(tmp_path, "own.csv", "text,label\nbad,rude\nlamp,\nnice,kind\n"), "csv")
    assert (data.labels, data.targets, data.dropped) == (("rude", "kind"), (0, 1), Dropped(unlabelled=1))


BROKEN = {
    "missing columns": ("id,text\n1,bad\n", "without class, tweet"),
    "broken quoting": (DAVIDSON + '0,3,3,0,0,0,"a bad lamp\n', "intact quoting"),
    "an empty file": ("", "CSV file"),
    "an unknown label": (DAVIDSON + "0,3,3,0,0,9,bad\n", "'9' in row 1"),
    "no rows": (DAVIDSON, "labelled texts"),
    "another encoding": (DAVIDSON.encode() + b"0,3,3,0,0,0,b\xe4d\n", "UTF-8"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files_are_one_clear_error(tmp_path: Path, case: str) -> None:
    text, message = BROKEN[case]
    (tmp_path / "data.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=message):
        read_texts(tmp_path / "data.csv", "davidson")


def test_formats_and_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a format out of"):
        read_texts(tmp_path, "davison")
    with pytest.raises(InputError, match="a data file"):
        read_texts(tmp_path / "none.csv", "davidson")
    with pytest.raises(InputError, match="lower-case"):
        register_format("csv")
    assert len(list_formats()) == 14


def test_a_split_keeps_proportions_and_marks(tmp_path: Path) -> None:
    rows = "".join(f'"[0]",post {index}\n' if index % 4 else f"[],post {index}\n" for index in range(80))
    data = read_texts(write(tmp_path, "spans.csv", "spans,text\n" + rows), "toxic-spans")
    rest, held = data.split(0.25, seed=3)
    assert (len(rest), len(held)) == (60, 20)
    assert held.targets.count(0) == 5
    assert not set(rest.texts) & set(held.texts)
    assert held.spans is not None
    for text, spans in zip(held.texts, held.spans, strict=True):
        assert bool(spans) == bool(int(text.split()[1]) % 4)
    assert data.split(0.25, seed=3) == (rest, held)
    assert data.split(0.25, seed=4)[1] != held


def test_too_few_texts_to_split() -> None:
    data = LabelledTexts("made-up", ("a", "b", "c"), (0, 0, 1), ("kind", "rude"))
    with pytest.raises(InputError, match="enough texts of every label"):
        data.split(0.5, seed=0)


def test_html_of_data_holds_no_text() -> None:
    data = LabelledTexts("<i>", ("secret", "words"), (0, 1), ("<b>", "rude"))
    assert "secret" not in data._repr_html_() + repr(data)
    assert "<b>" not in data._repr_html_() and "&lt;b&gt;" in data._repr_html_()
    assert list(data.to_dataframe().columns) == ["text", "label"]
