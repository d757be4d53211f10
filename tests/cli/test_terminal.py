from __future__ import annotations

from workbench.cli.terminal import print_table, progress_bar


def test_progress_in_a_log_is_a_line_for_each_tenth_of_each_stage(capsys):
    with progress_bar() as bar:
        task = bar.add_task("starting", total=None)
        for stage, steps in (("first", 200), ("[bold]second", 20)):
            for step in range(1, steps + 1):
                bar.update(task, description=stage, completed=step, total=steps)
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.split("\n")
    assert [line for line in lines if line.startswith("first")][-1] == "first: 200 of 200"
    assert len([line for line in lines if line.startswith("first")]) == 11
    assert next(line for line in lines if "second" in line) == "[bold]second: 1 of 20"


def test_what_looks_like_markup_stays_in_a_table(capsys):
    print_table("[red]model", ["name", "value"], [["[bold]name[/]", "1"]])
    out = capsys.readouterr().out
    assert "[red]model" in out
    assert "[bold]name[/]" in out
