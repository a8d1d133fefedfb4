"""Foreign text made harmless, once and for all; addresses of images; words for searching."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.items.plain_text import folded, is_image_address, plain, search_expression


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A & B, 1 < 2 > 0", "A & B, 1 < 2 > 0"),
        ("<b>Bold</b> &amp; more", "Bold & more"),
        ("a<br>b<p>c</p>d", "a\nb\nc\nd"),
        ("x<script>alert('<b>')</script>y", "xy"),
        ("x<STYLE >p{}</style >y", "xy"),
        ("&lt;b&gt;x&lt;/b&gt;", "x"),
        ("&amp;lt;script&amp;gt;alert(1)", ""),
        ("x<img src=x onerror=alert(1)", "x"),
        ("<scr<script>ipt>x", ""),
        ("<!-- note --><?xml version='1.0'?>x", "x"),
        ("cafe\u0301\u202e\x00\u200b", "caf\u00e9\u200b"),
        ("  a \t b \n\n\n  c  ", "a b\n\nc"),
    ],
)
def test_text_is_plain_afterwards(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text(alphabet=st.sampled_from("<>/!?&;#ablt gp\n\"'=x60script"), max_size=80))
def test_what_is_plain_stays_and_holds_no_markup(text: str) -> None:
    made = plain(text)
    assert not re.search(r"<[A-Za-z/!?]", made)


@pytest.mark.parametrize("text", ["<" * 20_000, "<a" * 10_000, "<script" * 2_800, "&lt;" * 5_000, " \n\n" * 6_000])
def test_hostile_text_is_read_in_one_go(text: str) -> None:
    assert len(plain(text)) <= len(text)


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://a.example/i.png?w=1#x", True),
        ("https://a.example:8443/i.png", True),
        ("https://a.example/" + "x" * 2_030, True),
        ("https://a.example/" + "x" * 2_031, False),
        ("http://a.example/i.png", False),
        ("HTTPS://a.example/i.png", True),
        ("https:///i.png", False),
        ("https://user@a.example/i.png", False),
        ("https://a.example/i\n.png", False),
        ('https://a.example/"onerror=', False),
        ("https://[broken/i.png", False),
        ("javascript:alert(1)", False),
        ("//a.example/i.png", False),
        ("", False),
    ],
)
def test_an_address_of_an_image_is_https_with_a_host_and_nothing_else(url: str, good: bool) -> None:
    assert is_image_address(url) is good


def test_words_are_searched_without_accents_in_small_letters() -> None:
    assert folded("Crème-Brûlée, 50 € _x_") == "creme brulee 50 x"
    assert search_expression("Crème 50") == "creme:* & 50:*"
    assert search_expression("a|b & !c:*'") == "a:* & b:* & c:*"
    assert search_expression(" '%_ ") is None
    assert search_expression(" ".join("abcdefghij")) == " & ".join(f"{word}:*" for word in "abcdefgh")
    assert search_expression("x" * 41) == "x" * 40 + ":*"
