#!/usr/bin/env python3
"""Holds the codec against an independent one: random messages, made by the schema oracle, go both ways through the binary.

  run.py [--oracle FILE] [--binary FILE] [--count N] [--seed N] [TYPE ...]

For each TYPE the oracle makes COUNT messages. `decode` must give each one's JSON, and `encode` its bytes: from the oracle's
JSON and from our own. Without the options, WARP2API_SHARED names the folder that holds tools/schema_oracle.py, and
WARP2API_BIN the binary. Needs what the oracle needs: pip install 'protobuf>=5'.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys


def run(command, text=""):
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout.splitlines()


def same(left, right):
    """Equality of JSON values: 3 and 3.0 are one number, true and 1 are not."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def check(binary, oracle, name, seed, count):
    vectors = [json.loads(line) for line in run([sys.executable, oracle, "random", name, str(seed), str(count)])]
    expected = [vector["base64"] for vector in vectors]
    decoded = run([binary, "decode", "-t", name, "-i", "base64"], "".join(f"{line or '='}\n" for line in expected))
    sources = {
        "the oracle's JSON": [json.dumps(vector["json"], ensure_ascii=False) for vector in vectors],
        "our JSON": decoded,
    }
    wrong = []
    if len(vectors) != count or len(decoded) != count:
        wrong.append(f"{count} messages wanted, {len(vectors)} made, {len(decoded)} decoded")
    for index, (vector, line) in enumerate(zip(vectors, decoded)):
        if not same(json.loads(line), vector["json"]):
            wrong.append(f"decode of message {index} ({vector['base64']})\n   ours {line}\n   its  {json.dumps(vector['json'])}")
    for source, lines in sources.items():
        encoded = run([binary, "encode", "-t", name, "-o", "base64"], "\n".join(lines))
        for index, (found, wanted) in enumerate(zip(encoded, expected)):
            if found != wanted:
                wrong.append(f"encode of message {index} from {source}\n   ours {found}\n   its  {wanted}")
        if len(encoded) != count:
            wrong.append(f"{count} messages wanted, {len(encoded)} encoded from {source}")
    print(f"{name}: {count} messages both ways, seed {seed}: {len(wrong)} differences")
    for difference in wrong[:5]:
        print(" -", difference[:2000])
    return len(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parents[2]
    shared = pathlib.Path(os.environ.get("WARP2API_SHARED", root.parent / "shared"))
    parser.add_argument("--oracle", default=str(shared / "tools" / "schema_oracle.py"))
    parser.add_argument("--binary", default=os.environ.get("WARP2API_BIN", str(root / "target" / "debug" / "warp2api")))
    parser.add_argument("types", nargs="*", default=["Request", "ResponseEvent", "Task"])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_intermixed_args()
    wrong = sum(check(given.binary, given.oracle, name, given.seed, given.count) for name in given.types)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
