"""How the sites of a ranking were chosen: the figure and the table of a screening."""

from __future__ import annotations

from typing import Final

from matplotlib.figure import Figure

from workbench.localize.result import Localization
from workbench.localize.screening import Screening
from workbench.report.drawing import blank, frame, scale, site_axis
from workbench.report.palette import LIGHT, Palette
from workbench.report.tables import INTERVAL, Row, Table
from workbench.report.wording import interval, number

LEAST: Final = 0.1


def screening_of(result: Localization) -> Screening:
    """Return the screening of a result that has one."""
    assert result.screening is not None, "expected a run with a screening"
    return result.screening


def kept_sites(result: Localization) -> set[int]:
    """Return the sites that were patched over whole generations."""
    return {site.index for site in result.ranking.sites}


def screening_figure(result: Localization, palette: Palette = LIGHT) -> Figure:
    """Draw the one-step effect of every screened site with its 95 % interval; kept sites are filled and larger."""
    sites = sorted(screening_of(result).sites, key=lambda site: site.index)
    kept = kept_sites(result)
    figure = blank(2.9, palette)
    axes = figure.subplots()
    frame(axes, "One-step effect of each site, with 95 % interval (0 unchanged, 1 as all sites together)", palette)
    for place, site in enumerate(sites):
        chosen = site.index in kept
        colour, face = (palette.brand, palette.brand) if chosen else (palette.ink, palette.paper)
        axes.vlines(place, *site.ci, color=colour, linewidth=1.2, zorder=3)
        (mark,) = axes.plot(place, site.effect, "o", color=colour, markersize=6.5 if chosen else 4.0, zorder=4)
        mark.set(markerfacecolor=face, markeredgewidth=1.0, gid="kept" if chosen else "left out")
    scale(axes, [value for site in sites for value in (site.effect, *site.ci)], LEAST, palette)
    site_axis(axes, sites, palette)
    return figure


def screening_table(result: Localization) -> Table:
    """Every screened site, the strongest first; those kept are marked in words."""
    kept = kept_sites(result)
    rows = tuple(
        Row(
            (
                str(site.index),
                site.name,
                number(site.effect, 3),
                interval(site.ci, 3),
                number(site.aside, 3),
                "patched" if site.index in kept else "left out",
            ),
            result.found.reached and site.index in result.found.indices,
        )
        for site in screening_of(result).sites
    )
    head = ("Site", "Module", "One-step effect", INTERVAL, "Aside", "Then")
    note = (
        "One-step effect: how far the site's change of the denoiser's prediction goes along the change that all sites "
        "together make, at the source run's own noisy latents; aside is the length of the rest, in lengths of that "
        "change. Sites left out were never patched alone, only with all the others in the controls."
    )
    return Table("Screening of all sites, the strongest first", head, rows, note, texts=2)
