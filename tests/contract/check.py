"""Holds a running server against its own description, by schemathesis.

Usage: check.py URL, with an API key in BELLPUSH_ADMIN_API_KEY; what follows goes to schemathesis.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

from seed import seed

HERE = pathlib.Path(__file__).resolve().parent
SETTINGS = (HERE / "schemathesis.toml").read_text()
OBJECTS = (HERE / "objects.toml").read_text()
# Operations one by one, asked for objects that are there; then one after the other, each with what
# the ones before have given.
RUNS = [("examples,coverage,fuzzing", SETTINGS + "\n" + OBJECTS), ("stateful", SETTINGS)]


def run(url, phases, settings, options):
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write(settings)
        config.flush()
        program = pathlib.Path(sys.executable).with_name("schemathesis")
        command = [program, "--config-file", config.name, "run", f"{url}/v1/openapi.json"]
        command += ["--phases", phases, *options]
        return subprocess.run([str(word) for word in command], cwd=HERE, check=False).returncode


if __name__ == "__main__":
    url, *options = sys.argv[1:]
    objects = seed(url, os.environ["BELLPUSH_ADMIN_API_KEY"])
    os.environ.update({f"CONTRACT_{name}": value for name, value in objects.items()})
    codes = [run(url, phases, settings, options) for phases, settings in RUNS]
    sys.exit(max(codes))
