"""The worker of members' models, called by a cluster's own scheduler instead of a queue."""

import re
from pathlib import Path

import pytest

from tests.community import TIME, community, fill

PAGE = Path(__file__).resolve().parents[3] / "docs" / "scaling.md"


def shown(language):
    """The page's one block of code in that language."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return block


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_dask_trains_every_shard_as_the_page_shows(db, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    fill(db, community())
    monkeypatch.chdir(tmp_path)

    page = {"NOW": TIME, "__name__": "__main__"}
    exec(compile(shown("python"), str(PAGE), "exec"), page)

    trained = db.analytics.mlArtifacts.count_documents({"model": "personal"})
    assert trained == sum(counts["members"] for counts in page["done"]) > 0
    assert db.analytics.trainingShards.count_documents({"data": {"$exists": True}}) == 0
