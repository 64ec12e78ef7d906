"""What the demo invented is never published as real."""

from __future__ import annotations

from pathlib import Path

from orchestration.landing.manifest import read_manifest
from orchestration.settings import Settings, load_settings
from tests.support.runs import copy_parsed_project, environment_of, run_pipeline


def test_the_demos_landing_folder_is_refused_as_real_and_nothing_is_published(
    demo_landing: Path, parsed_project: Settings, tmp_path: Path
) -> None:
    copy_parsed_project(parsed_project, tmp_path / "data")
    environment = environment_of(tmp_path / "data", "files", demo_landing)
    done = run_pipeline(environment)
    assert done.returncode == 1, done.stdout[-3000:]
    said = " ".join((done.stdout + done.stderr).split())
    demo = read_manifest(demo_landing / "manifest.json").current()
    assert said.count("refused: ") >= len(demo)
    assert f"LANDING={demo_landing}: none of its" in said
    assert "a file of the synthetic demo, in which every number is invented" in said
    settings = load_settings(environment)
    assert not settings.published_dir.exists()
    assert read_manifest(settings.manifest_path).files == []
