"""What weakens a test is named with its place, whichever way it is done; what does not is left alone."""

from __future__ import annotations

import time
from textwrap import dedent, indent

import pytest

from tools.test_integrity.inventory import inventory
from tools.test_integrity.lost_checks import losses, sentences

PATH = "tests/test_a.py"
BEFORE = dedent('''
    import pytest
    from shop import Cart, total

    RATES = [1, 2, 3]
    LIMIT = 10


    @pytest.fixture(autouse=True)
    def no_leak():
        yield
        assert not Cart.open


    @pytest.fixture
    def cart():
        return Cart()


    def assert_empty(cart):
        assert cart.items == []


    def test_total():
        prices = [1, 2]
        result = total(prices)
        assert result == 3
        assert isinstance(result, int)


    @pytest.mark.parametrize(("prices", "sum_"), [([1], 1), ([1, 1], 2), pytest.param([], 0, id="none")])
    def test_rows(prices, sum_):
        """Sums."""
        assert total(prices) == sum_


    def test_raises():
        with pytest.raises(KeyError, match="no"):
            total({})


    def test_mean():
        assert total([1, 2]) / 2 == pytest.approx(1.5, abs=0.01)


    @pytest.mark.usefixtures("cart")
    class TestCart:
        limit = 5

        def test_empty(self, cart, no_net):
            assert_empty(cart)
            assert len(cart.items) >= 0 and cart.name

        def test_runs(self, cart):
            cart.open()
            cart.close()
''').lstrip()


def said(*changes: tuple[str, str], files: dict[str, str] | None = None, path: str = PATH) -> list[str]:
    """Return what is lost when texts of the file are replaced; `files` are what else there is afterwards."""
    after = BEFORE
    for old, new in changes:
        assert old in after, old
        after = after.replace(old, new)
    return compared({PATH: BEFORE}, {path: after, **(files or {})})


def compared(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return what is lost between two states of some files."""
    old, new = (
        {
            (path, name): part
            for path, text in files.items()
            for name, part in (inventory(text.encode()) or {}).items()
        }
        for files in (before, after)
    )
    return sentences(losses(old, new))


CUT = BEFORE.index("def test_mean")
MEAN = BEFORE[CUT : BEFORE.index("@pytest.mark.usefixtures")]
TOTAL = BEFORE[BEFORE.index("def test_total") : BEFORE.index("@pytest.mark.parametrize")]
RESULT = "    assert result == 3\n"
IN_A_TRY = """    try:
        prices = [1, 2]
        result = total(prices)
        assert result == 3
        assert isinstance(result, int)
    except Exception:
        return
    prices = [1, 2]
    result"""
NO_LEAK = BEFORE[BEFORE.index("@pytest.fixture(auto") : BEFORE.index("@pytest.fixture\n")]

WEAKER = {
    "a fixture that gives something else": (
        [("return Cart()", "return Cart([])")],
        "cart has different code now, and tests depend on this fixture",
    ),
    "a new fixture that every test uses": (
        [
            (RESULT, RESULT),
            (
                "def assert_empty",
                "@pytest.fixture(autouse=True)\ndef calm():\n    pass\n\n\ndef assert_empty",
            ),
        ],
        "calm is newly applied to every test (autouse)",
    ),
    "what is tested is shadowed": (
        [("def assert_empty", "def total(prices):\n    return 3\n\n\ndef assert_empty")],
        "total is no longer the imported `shop.total`",
    ),
    "something else is imported": (
        [("from shop import Cart, total", "from shop import Cart\nfrom shop.fake import total")],
        "total is no longer the imported `shop.total`",
    ),
    "a test removed": ([(MEAN, "")], "tests/test_a.py:41: test_mean is removed."),
    "a test renamed": (
        [("def test_mean", "def test_average")],
        "tests/test_a.py:41: test_mean is removed; test_average in tests/test_a.py makes the same checks.",
    ),
    "a test renamed to what is no test": (
        [("def test_mean", "def mean")],
        "mean in tests/test_a.py makes the same",
    ),
    "a test shadowed": (
        [("class TestCart", "def test_mean():\n    pass\n\n\nclass TestCart")],
        "test_mean no longer",
    ),
    "a test unbound": (
        [("@pytest.mark.usefixtures", "test_mean = None\n\n\n@pytest.mark.usefixtures")],
        "test_mean is no",
    ),
    "a test deleted at once": (
        [("@pytest.mark.usefixtures", "del test_mean\n\n\n@pytest.mark.usefixtures")],
        "test_mean is removed",
    ),
    "a class not collected": (
        [("class TestCart", "class Cart_")],
        "TestCart::test_empty is removed; Cart_::test_empty in",
    ),
    "a row removed": (
        [(", ([1, 1], 2)", "")],
        "test_rows no longer runs with `prices, sum_ = ([1, 1], 2)`.",
    ),
    "a row changed": ([("([1, 1], 2)", "([1, 1], 3)")], "no longer runs with `prices, sum_ = ([1, 1], 2)`"),
    "a row marked": (
        [("([1], 1)", "pytest.param([1], 1, marks=pytest.mark.xfail)")],
        "no longer runs with",
    ),
    "no rows at all": (
        [("def test_total", '@pytest.mark.parametrize("x", [])\ndef test_total')],
        "test_total is now marked",
    ),
    "another value": (
        [("== 3", "== 4")],
        "tests/test_a.py:26: test_total expects a different result: `result == 4` instead of `result == 3`.",
    ),
    "a value of the file": (
        [("LIMIT = 10", "LIMIT = 11")],
        "tests/test_a.py:5: LIMIT is now `11` instead of `10`.",
    ),
    "a member of a value": ([("[1, 2, 3]", "[1, 2]")], "RATES no longer contains `3`."),
    "a value of a class": ([("limit = 5", "limit = 50")], "TestCart::limit is now `50` instead of `5`"),
    "== to <=": (
        [("result == 3", "result <= 3")],
        "makes a weaker comparison: `result <= 3` instead of `result == 3`.",
    ),
    "== to in": ([("result == 3", "result in (3, 4)")], "makes a weaker comparison: `result in (3, 4)`"),
    "== to is not None": (
        [("result == 3", "result is not None")],
        "makes a weaker comparison: `result is not None`",
    ),
    "== to truth": ([("result == 3", "result")], "makes a weaker comparison: `result` instead of"),
    "an or": (
        [("result == 3", "result == 3 or result == 4")],
        "accepts more: `result == 3 or result == 4`",
    ),
    "a wider tolerance": (
        [("abs=0.01", "abs=0.1")],
        "expects a different result: `total([1, 2]) / 2 == pytest.approx(1.5, abs=0.1)`",
    ),
    "a tolerance where none was": (
        [("result == 3", "result == pytest.approx(3)")],
        "== pytest.approx(3)` instead of",
    ),
    "half of an and": ([(" and cart.name", "")], "TestCart::test_empty no longer checks `cart.name`."),
    "another exception": (
        [("raises(KeyError", "raises(Exception")],
        "pytest.raises(Exception, match='no')` instead of",
    ),
    "no match": (
        [(', match="no"', "")],
        "`pytest.raises(KeyError)` instead of `pytest.raises(KeyError, match='no')`",
    ),
    "what is raised in another way": (
        [("        total({})", "        raise KeyError('no')")],
        "on a different value or code than before",
    ),
    "in a try": (
        [(RESULT, "    try:\n        assert result == 3\n    except AssertionError:\n        pass\n")],
        "tests/test_a.py:27: test_total now checks `result == 3` only conditionally: try.",
    ),
    "the whole body in a try": (
        [("    prices = [1, 2]\n    result", IN_A_TRY)],
        "tests/test_a.py:27: test_total now checks `result == 3`, `isinstance(result, int)` only conditionally: try.",
    ),
    "suppressed": (
        [(RESULT, "    with suppress(AssertionError):\n        assert result == 3\n")],
        "only conditionally: with `suppress(AssertionError)`",
    ),
    "turned round": (
        [(RESULT, "    with pytest.raises(AssertionError):\n        assert result == 3\n")],
        "only conditionally: with",
    ),
    "an early return": (
        [(RESULT, "    return\n" + RESULT)],
        "`isinstance(result, int)` only conditionally: after `return`",
    ),
    "a return on a condition": (
        [(RESULT, "    if not result:\n        return\n" + RESULT)],
        "after `return`",
    ),
    "a skip within": (
        [(RESULT, "    pytest.skip('x')\n" + RESULT)],
        "only conditionally: after `pytest.skip('x')`",
    ),
    "under an if": ([(RESULT, "    if result:\n    " + RESULT)], "only conditionally: if `result`"),
    "in a loop": (
        [(RESULT, "    for _ in prices[2:]:\n    " + RESULT)],
        "only conditionally: for each item of `prices[2:]`",
    ),
    "in a function that nobody calls": (
        [(RESULT, "    def later():\n    " + RESULT)],
        "only conditionally: inside `later`",
    ),
    "of something else": (
        [("result = total(prices)", "result = 3")],
        "`isinstance(result, int)` on a different value or code than before",
    ),
    "of what is set": ([(RESULT, "    result.x = 3\n" + RESULT)], "on a different value or code than before"),
    "an autouse fixture removed": (
        [("(autouse=True)", "")],
        "no_leak is no longer applied to every test (autouse).",
    ),
    "an autouse fixture gone": ([(NO_LEAK, "")], "no_leak is removed, although every test used it."),
    "what a fixture checks": (
        [("    assert not Cart.open\n", "")],
        "no_leak no longer checks `not Cart.open`.",
    ),
    "what a helper checks": (
        [("assert cart.items == []", "assert cart")],
        "assert_empty no longer checks `cart.items == []`.",
    ),
    "the call of a helper": (
        [("        assert_empty(cart)\n", "")],
        "test_empty no longer checks `assert_empty(cart)`.",
    ),
    "a fixture no longer named": (
        [(", no_net", "")],
        "TestCart::test_empty is no longer given the fixture `no_net`.",
    ),
    "usefixtures": (
        [('@pytest.mark.usefixtures("cart")\n', "")],
        "TestCart::test_empty, TestCart::test_runs are no longer marked `pytest.mark.usefixtures('cart')`.",
    ),
    "a test marked": (
        [("def test_mean", "@pytest.mark.xfail\ndef test_mean")],
        "tests/test_a.py:41: test_mean is now skipped or allowed to fail: `pytest.mark.xfail`.",
    ),
    "a test that a condition skips": (
        [("def test_mean", "@pytest.mark.skipif(True, reason='x')\ndef test_mean")],
        "test_mean is now skipped or allowed to fail",
    ),
    "a test that may be left out": (
        [("def test_mean", "@pytest.mark.slow\ndef test_mean")],
        "is now marked `pytest.mark.slow`, which can change",
    ),
    "a class marked": (
        [("class TestCart", "@pytest.mark.skip\nclass TestCart")],
        "TestCart::test_empty, TestCart::test_runs are now skipped",
    ),
    "the file marked": (
        [("LIMIT", "pytestmark = pytest.mark.skip\nLIMIT")],
        "tests/test_a.py:5: test_total, test_rows, test_raises and 3 more are now skipped or allowed to fail: "
        "`pytest.mark.skip`.",
    ),
    "the file skipped": (
        [("LIMIT", "pytest.skip('x', allow_module_level=True)\nLIMIT")],
        "and 3 more are now skipped",
    ),
    "the file no test": (
        [("LIMIT", "__test__ = False\nLIMIT")],
        "are now skipped or allowed to fail: `__test__ = False`",
    ),
    "a test under a condition": ([(MEAN, "if LIMIT > 11:\n" + indent(MEAN, "    "))], "test_mean now checks"),
    "what only has to run": (
        [("        cart.close()\n", "")],
        "TestCart::test_runs no longer checks `cart.close()`.",
    ),
}


@pytest.mark.parametrize(("changes", "found"), WEAKER.values(), ids=WEAKER.keys())
def test_what_weakens(changes: list[tuple[str, str]], found: str) -> None:
    told = said(*changes)
    assert any(found in each for each in told), told


TOTAL_AGAIN = """def test_total():
    # Renamed and wrapped.
    numbers = [1,
               2]
    value = total(numbers)
    assert (
        value == 3
    ), "three"
    assert isinstance(value, int)


"""
STRONGER = {
    "nothing": [],
    "another assertion": [(RESULT, RESULT + "    assert total([4]) == 4\n")],
    "an assertion before, of a variable of the same name": [
        (
            "    result = total(prices)\n",
            "    result = total([9])\n    assert result == 9\n    result = total(prices)\n",
        )
    ],
    "an assertion after, of a variable of the same name": [
        ("int)\n\n", "int)\n    result = total([])\n    assert result == 0\n\n")
    ],
    "an assertion with a variable of its own before": [
        ("    prices = [1", "    other = total([])\n    assert other == 0\n    prices = [1")
    ],
    "another row": [("([1], 1)", "([1], 1), ([2], 2)")],
    "rows in another order": [("([1], 1), ([1, 1], 2)", "([1, 1], 2), ([1], 1)")],
    "a row with a name": [("([1], 1)", 'pytest.param([1], 1, id="one")')],
    "another way to name arguments": [('("prices", "sum_")', '"prices,sum_"')],
    "another member of a value": [("[1, 2, 3]", "[1, 2, 3, 4]")],
    "variables renamed": [
        ("result", "found"),
        ("prices = [1, 2]", "given = [1, 2]"),
        ("total(prices)\n    assert f", "total(given)\n    assert f"),
    ],
    "written otherwise": [(TOTAL, TOTAL_AGAIN)],
    "a docstring": [('    """Sums."""\n', "")],
    "sides exchanged": [("result == 3", "3 == result")],
    "a tighter comparison": [("len(cart.items) >= 0", "len(cart.items) == 0")],
    "a narrower tolerance": [("abs=0.01", "abs=0.001")],
    "no tolerance": [("pytest.approx(1.5, abs=0.01)", "1.5")],
    "an and in two": [(" and cart.name", "\n        assert cart.name")],
    "a message": [("result == 3", 'result == 3, "three"')],
    "another test": [(MEAN, MEAN + "def test_more():\n    assert total([7]) == 7\n\n\n")],
    "another fixture": [("def test_mean()", "def test_mean(tmp_path)")],
    "a loop of its own": [
        (
            RESULT,
            "    for each in prices:\n        if each > 1:\n            break\n        assert each\n"
            + RESULT,
        )
    ],
    "an assertion where a test only ran": [
        ("        cart.close()\n", "        assert cart.close() is None\n")
    ],
    "the tests in another order": [(MEAN, ""), ("def test_total", MEAN + "def test_total")],
    "under a context": [(RESULT, "    with Cart():\n    " + RESULT)],
}


@pytest.mark.parametrize("changes", STRONGER.values(), ids=STRONGER.keys())
def test_what_does_not_weaken(changes: list[tuple[str, str]]) -> None:
    assert said(*changes) == []


def test_a_test_may_move() -> None:
    assert said(path="tests/test_b.py") == []
    assert said((MEAN, ""), files={"tests/test_b.py": MEAN}) == []
    within = "class TestMean:\n" + "".join(
        f"    {line}\n" for line in MEAN.replace("()", "(self)").splitlines()
    )
    assert said((MEAN, ""), files={"tests/test_b.py": within}) == []
    assert said((MEAN, within)) == []


def test_a_test_that_moves_is_still_compared() -> None:
    looser = MEAN.replace("abs=0.01", "abs=1")
    (found,) = said((MEAN, ""), files={"tests/test_b.py": looser})
    assert found.startswith("tests/test_b.py:2: test_mean expects a different result")
    # Where nothing looks for tests, and where another test has the name.
    for path, text in {
        "tests/serving.py": MEAN,
        "tests/test_b.py": "def test_mean():\n    assert 1 < 2\n",
    }.items():
        assert said((MEAN, ""), files={path: text})[0].startswith("tests/test_a.py:41: test_mean is removed")
    assert (
        "allowed to fail: `pytest.mark.skip`"
        in said((MEAN, ""), files={"tests/test_b.py": f"pytestmark = pytest.mark.skip\n\n\n{MEAN}"})[0]
    )


def test_removing_a_skip_is_no_loss() -> None:
    skipped = BEFORE.replace("def test_mean", "@pytest.mark.skip\n@pytest.mark.slow\ndef test_mean")
    assert compared({PATH: skipped}, {PATH: BEFORE}) == []


def test_what_unittest_checks() -> None:
    before = (
        "class Sums(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(total([1]), 1)\n"
    )
    assert compared({PATH: before}, {PATH: before.replace("assertEqual", "assertGreaterEqual")}) == [
        "tests/test_a.py:3: Sums::test_a makes a different comparison: `self.assertGreaterEqual(total([1]), 1)` "
        "instead of `self.assertEqual(total([1]), 1)`."
    ]
    assert (
        "is no longer collected by pytest"
        in compared({PATH: before}, {PATH: before.replace("(unittest.TestCase)", "")})[0]
    )


@pytest.mark.parametrize("text", ["def f(:", "\0", "(" * 5_000, "-" * 100_000 + "1"])
def test_what_does_not_parse(text: str) -> None:
    assert inventory(text.encode()) is None


def test_a_variable_that_is_bound_again_and_again_takes_no_minute() -> None:
    def seconds(times: int) -> float:
        lines = "".join(f"    x = x + {number}\n    assert x > {number}\n" for number in range(times))
        text = f"def test_a():\n    x = 0\n{lines}"
        begun = time.process_time()
        assert compared({PATH: text}, {PATH: text}) == []
        return time.process_time() - begun

    assert seconds(320) < 8 * seconds(80), "more than twice of four times as long"
