"""Takes the gateways and the steps from the suite of the OpenAI SDK."""

import importlib.util
import sys
from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "python"
sys.path.insert(0, str(SHARED))
_spec = importlib.util.spec_from_file_location("shared_fixtures", SHARED / "conftest.py")
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)
talking, playing = _shared.talking, _shared.playing
