"""The `guerdon` command: `serve` runs right here and stays light; everything else is loaded when it is asked for."""

import json
import os
import sys
from collections.abc import Mapping

from api.serving import run_children, with_servers
from api.settings import SettingRefused, Settings, read_settings
from embedded.errors import EmbeddedError

# Names in the demo's file of sign-ins, and whose key that is.
MACHINES: Mapping[str, str] = {
    "integrationKey": "CRM",
    "platformKey": "reward platform (its codes)",
    "ordersKey": "reward platform (its orders)",
}


def main() -> None:
    """The entry point. A setting that cannot be used ends it with one sentence."""
    if sys.argv[1:] != ["serve"]:
        os.execv(sys.executable, [sys.executable, "-m", "api.commands", *sys.argv[1:]])
    serve_everything()


def serve_everything() -> None:
    """Runs the servers, the API and the worker until Ctrl-C; then stops them in reverse."""
    try:
        with with_servers(read_settings()) as served:
            run_children(served, lambda: _announce(served))
    except (SettingRefused, EmbeddedError) as refused:
        sys.exit(str(refused))
    except KeyboardInterrupt:
        sys.exit(130)


def demo_key(settings: Settings) -> str | None:
    """The integration key of the demo story, if it was told here."""
    path = settings.home / "demo.json"
    return json.loads(path.read_text())["integrationKey"] if path.exists() else None


def announce_people(settings: Settings) -> None:
    """Prints who can sign in to the demo story, if it was told here."""
    path = settings.home / "demo.json"
    if not path.exists():
        return
    told = json.loads(path.read_text())
    print("\nSign in as (development issuer, no password):")
    for person in told["people"]:
        print(f"  {person['subject']:<10} {person['name']:<18} {person['role']}")
    print("Keys of machines (test keys: no production takes them):")
    for name, whose in MACHINES.items():
        print(f"  {whose:<29} {told[name]}")


def _announce(settings: Settings) -> None:
    print(f"\nGuerdon is at {settings.url}")
    print(f"  live page   {settings.url}/")
    print(f"  GraphQL     {settings.url}/graphql   (a browser gets GraphiQL)")
    print(f"  schema      {settings.url}/schema.graphql")
    print(f"  ready       {settings.url}/ready")
    announce_people(settings)
    print("\nCtrl-C stops everything.\n", flush=True)


if __name__ == "__main__":
    main()
