"""Download CBIS-DDSM from Kaggle or from NCI's Imaging Data Commons, for `mammo.download`.

A source tells what it offers before a byte is fetched (`offer`), fetches what is missing (`fetch`)
and looks at what came (`verify`, called by `fetch`). Both leave a folder that `mammo.prepare`
reads: pixels, and the four case files, which Imaging Data Commons does not carry.

    offer = SOURCES["idc"].offer(out, Choice("mass", "test"))
    SOURCES["idc"].fetch(out, offer, print)
"""

from mammo.data.download import idc, kaggle
from mammo.data.download.offer import Choice, Offer, Source, refuse_if_too_big

__all__ = ["SOURCES", "Choice", "Offer", "Source", "refuse_if_too_big"]

SOURCES: dict[str, Source] = {
    "kaggle": Source(kaggle.offer, kaggle.fetch),
    "idc": Source(idc.offer, idc.fetch),
}
"""Where CBIS-DDSM can be had without an account, by the names of `--source`."""
