"""Which part of the product a test belongs to, and how much of the ten minutes of `make test` each part has."""

from collections.abc import Mapping, Sequence

# Minutes of two processes that each part may take; a part's files begin like this, the longest beginning wins.
MINUTES: Mapping[str, int] = {"pipe": 4, "shop": 2, "programs": 2, "speed": 1}
FILES: Mapping[str, Sequence[str]] = {
    "shop": (
        "faults/test_fulfilment",
        "faults/test_planted",
        "faults/test_redeeming",
        "faults/test_suppliers",
        "faults/test_webhook",
        "graph/test_catalog",
        "graph/test_fulfilment",
        "graph/test_ingest",
        "graph/test_redemptions",
        "graph/test_rewards",
        "graph/test_storeroom",
        "graph/test_webhook",
        "house/test_docs.py::test_the_client_that_redeems",
        "house/test_docs.py::test_the_shell_blocks_of_a_page_run[docs/guides/codes",
        "house/test_docs.py::test_the_shell_blocks_of_a_page_run[docs/guides/webhooks",
        "house/test_docs.py::test_the_shell_blocks_of_a_page_run[docs/tutorial/first-order",
        "house/test_docs.py::test_the_shell_blocks_of_a_page_run[docs/tutorial/redeem",
        "house/test_hot_shop",
        "laws/test_access_of_the_shop",
        "laws/test_redemptions",
        "live/test_canaries",
        "live/test_feeding",
        "live/test_listening",
        "live/test_redemption",
        "live/test_sandbox",
        "rules/test_attempting",
        "rules/test_bundling",
        "rules/test_codes",
        "rules/test_outbound",
        "rules/test_pricing",
        "rules/test_redemption",
        "storage/test_bundles",
        "storage/test_canaries",
        "storage/test_catalog",
        "storage/test_claims",
        "storage/test_codes",
        "storage/test_ending",
        "storage/test_entitlements",
        "storage/test_events_of_suppliers",
        "storage/test_fulfil",
        "storage/test_grants",
        "storage/test_nothing",
        "storage/test_reading_redemptions",
        "storage/test_redeeming",
        "storage/test_sealed",
        "storage/test_sends",
        "storage/test_shop",
        "storage/test_suppliers",
        "storage/test_vendors",
        "storage/test_webhook",
        "stories/test_r10",
        "stories/test_r11",
        "stories/test_r23",
        "stories/test_r8",
        "stories/test_r9",
    ),
    "programs": (
        "graph/test_files",
        "graph/test_letting_in",
        "graph/test_partners_as",
        "graph/test_program",
        "rules/test_claim",
        "rules/test_deals",
        "rules/test_saying",
        "rules/test_templates",
        "storage/test_allocating",
        "storage/test_deals",
        "storage/test_scarce",
        "stories/test_",
    ),
}


def share_of(test: str) -> str:
    """The part that a test belongs to, by its id as pytest says it: the pipe, unless its file is another's."""
    name = test.removeprefix("tests/")
    found = [(len(begin), part) for part, begins in FILES.items() for begin in begins if name.startswith(begin)]
    return max(found)[1] if found else "pipe"
